import type { InputSchema } from './input-schema.ts'

/** A model that makes models. */
export interface StandInTrainer {
  name: string
  versions: readonly string[]
  schema: InputSchema
}

const text = (value: string) => ({ kind: 'text', default: value }) as const
const flag = (value: boolean) => ({ kind: 'flag', default: value }) as const
const number = (value: number, minimum: number, maximum: number) =>
  ({ kind: 'number', default: value, minimum, maximum }) as const

/** ostris/flux-dev-lora-trainer, its versions and inputs as the contract has them (§4). */
const FLUX_TRAINER: StandInTrainer = {
  name: 'ostris/flux-dev-lora-trainer',
  versions: [
    'e440909d3512c31646ee2e0c7d6f6f4923224863a6a10c494606e79fb5844497',
    'b6af14222e6bd9be257cbc1ea4afda3cd0503e1133083b9d1de0364d8568e6ef',
    'c6e78d2501e8088876e99ef21e4460d0dc121af7a4b786b9a4c2d75c620e300d',
  ],
  schema: {
    input_images: { kind: 'url' },
    trigger_word: text('TOK'),
    autocaption: flag(true),
    autocaption_prefix: text(''),
    autocaption_suffix: text(''),
    steps: number(1000, 3, 6000),
    learning_rate: number(4e-4, 0, 1),
    batch_size: number(1, 1, 64),
    resolution: text('512,768,1024'),
    lora_rank: number(16, 1, 128),
    caption_dropout_rate: number(0.05, 0, 1),
    optimizer: {
      kind: 'text',
      default: 'adamw8bit',
      oneOf: ['prodigy', 'adam8bit', 'adamw8bit', 'lion8bit', 'adam', 'adamw', 'lion', 'adagrad', 'adafactor'],
    },
    cache_latents_to_disk: flag(false),
    gradient_checkpointing: flag(false),
    layers_to_optimize_regex: text(''),
    hf_repo_id: text(''),
    hf_token: text(''),
    wandb_api_key: text(''),
    wandb_project: text('flux_train_replicate'),
    wandb_run: text(''),
    wandb_entity: text(''),
    wandb_sample_interval: number(100, 1, 6000),
    wandb_sample_prompts: text(''),
    wandb_save_interval: number(100, 1, 6000),
    skip_training_and_use_pretrained_hf_lora_url: text(''),
  },
}

export const TRAINERS: readonly StandInTrainer[] = [FLUX_TRAINER]
