import { readTrainingProgress } from '#shared/replicate/training-progress.ts'

test.each([
  ['flux_train_replicate: 100%|██████████| 1000/1000 [25:01<00:00]\n', 1],
  ['flux_train_replicate:   0%|          | 0/1000 [00:00<?, ?it/s]', 0],
  ['flux_train_replicate:  25%|██▌       | 250/1000 [1\rflux_train_replicate:  26%|██▌       | 260/1000 [1', 0.26],
  ['Caching latents: 100%|██████████| 12/12\n', null],
  ['flux_train_replicate: 25%|██▌       | 250/', null],
  ['flux_train_replicate: 25%|██▌       | 2/0', null],
  ['flux_train_replicate: 25%|██▌       | 3/2', null],
  ['', null],
  [null, null],
])('the logs %j: %s', (logs, share) => {
  expect(readTrainingProgress(logs)).toBe(share)
})
