import type { Command } from './command.ts'
import { cacheClean } from './commands/cache-clean.ts'
import { cacheDu } from './commands/cache-du.ts'
import { cacheLs } from './commands/cache-ls.ts'
import { cachePin, cacheUnpin } from './commands/cache-pin.ts'
import { cacheRm } from './commands/cache-rm.ts'
import { cacheUsed } from './commands/cache-used.ts'
import { cacheVerify } from './commands/cache-verify.ts'
import { completion } from './commands/completion.ts'
import { deadLettersList, deadLettersReplay } from './commands/dead-letters.ts'
import { doctor } from './commands/doctor.ts'
import { generate } from './commands/generate.ts'
import { imagesBackfill } from './commands/images-backfill.ts'
import { imagesProcess } from './commands/images-process.ts'
import { jobsList, jobsRetry, jobsShow } from './commands/jobs.ts'
import { login, logout } from './commands/login.ts'
import { modelsAdd } from './commands/models-add.ts'
import { modelsEdit } from './commands/models-edit.ts'
import { modelsIdentify } from './commands/models-identify.ts'
import { modelsLoras } from './commands/models-loras.ts'
import { modelsLs } from './commands/models-ls.ts'
import { modelsRm } from './commands/models-rm.ts'
import { modelsSearch } from './commands/models-search.ts'
import { modelsShow } from './commands/models-show.ts'
import { modelsSync } from './commands/models-sync.ts'
import { modelsUpdates } from './commands/models-updates.ts'
import { profileAdd, profileLs, profileRm, profileUse } from './commands/profile.ts'
import { purgeCharacter } from './commands/purge-character.ts'
import { purgeTraining } from './commands/purge-training.ts'
import { purgeUser } from './commands/purge-user.ts'
import { reconcile } from './commands/reconcile.ts'
import { sync } from './commands/sync.ts'
import { train } from './commands/train.ts'
import { trainings } from './commands/trainings.ts'
import { workerRun } from './commands/worker-run.ts'

/** All that `forge` can do, in the order in which help and page list it. */
export const commands: readonly Command[] = [
  modelsSearch,
  modelsShow,
  modelsAdd,
  modelsLs,
  modelsEdit,
  modelsRm,
  modelsSync,
  modelsUpdates,
  modelsLoras,
  modelsIdentify,
  sync,
  cacheLs,
  cacheDu,
  cacheClean,
  cacheRm,
  cachePin,
  cacheUnpin,
  cacheVerify,
  cacheUsed,
  imagesProcess,
  imagesBackfill,
  train,
  trainings,
  generate,
  workerRun,
  purgeCharacter,
  purgeTraining,
  purgeUser,
  doctor,
  reconcile,
  jobsList,
  jobsShow,
  jobsRetry,
  deadLettersList,
  deadLettersReplay,
  profileAdd,
  profileUse,
  profileLs,
  profileRm,
  login,
  logout,
  completion,
]

/** What the commands that share their first word are for. */
const groupSummaries: Readonly<Record<string, string>> = {
  models: 'find models on both hubs, register, list, sync and remove them',
  cache: 'what lies in the models bucket: list, clean, pin, verify it',
  images: 'make showcase images, of one character or of all without one',
  purge: 'remove what came of a character, a training or a user',
  jobs: 'the jobs that changed last; have failed ones taken up again',
  'dead-letters': 'events that no service took: list them, ask for their jobs',
  profile: 'name the deployments that you work on',
}

/** One line of the overview: a command, or all that begin with the same word. */
export interface CommandGroup {
  /** The first word, or the words of the only command. */
  name: string
  summary: string
  commands: readonly [Command, ...Command[]]
}

/** The commands by their first words. */
export function commandGroups(all: readonly Command[] = commands): CommandGroup[] {
  const byWord = new Map<string, [Command, ...Command[]]>()
  for (const command of all) {
    const [word = ''] = command.words
    const known = byWord.get(word)
    if (known) known.push(command)
    else byWord.set(word, [command])
  }
  return [...byWord].map(([word, members]) => {
    const [only] = members
    const isAlone = members.length === 1
    return {
      name: isAlone ? only.words.join(' ') : word,
      summary: isAlone ? only.summary : (groupSummaries[word] ?? ''),
      commands: members,
    }
  })
}

/** A command with the arguments that are left when its words are taken away. */
export interface FoundCommand {
  command: Command
  args: string[]
}

/** The command is the leading words; options may stand anywhere. */
export function findCommand(args: readonly string[], all: readonly Command[] = commands): FoundCommand | null {
  const places = wordPlaces(args)
  for (const command of all) {
    const taken = places.slice(0, command.words.length)
    const isCalled = command.words.every((word, index) => args[taken[index] ?? -1] === word)
    if (isCalled) return { command, args: args.filter((_arg, place) => !taken.includes(place)) }
  }
  return null
}

/** The group whose word comes first, whatever follows. */
export function findGroup(args: readonly string[]): CommandGroup | null {
  const [place = -1] = wordPlaces(args)
  return commandGroups().find(({ commands: [first] }) => first.words[0] === args[place]) ?? null
}

/** The words of a call, options apart: the command's, then what it is about. */
export function wordsOf(args: readonly string[]): string[] {
  return wordPlaces(args).flatMap((place) => args[place] ?? [])
}

/** Where the words stand: neither options, nor the value of the one that may stand before the command. */
function wordPlaces(args: readonly string[]): number[] {
  return args.flatMap((arg, place) => (arg.startsWith('-') || args[place - 1] === '--profile' ? [] : [place]))
}
