import * as z from 'zod'
import { askGoogle } from './ask-google.ts'
import { type Examined, type Finding, failed, note, ok, startLocalCloud } from './finding.ts'

const queueSchema = z.object({ state: z.string().default('RUNNING') })

/** Looks whether the queue that wakes jobs is there and runs. */
export async function checkQueue(examined: Examined): Promise<Finding> {
  const { TASKS_QUEUE: queue, TASKS_BASE_URL: baseUrl } = examined.config
  if (queue === null) {
    return note('task queue', 'TASKS_QUEUE is not set: what you ask for is due at once, and a reconciler starts it.')
  }
  const [, , , location = '', , id = queue] = queue.split('/')
  const check = `task queue ${id}`
  const answer = await askGoogle(new URL(`/v2/${queue}`, baseUrl).href, examined)
  if (answer === null) {
    const mend = examined.isLocal ? startLocalCloud : `gcloud tasks queues describe ${id} --location=${location}`
    return failed(check, `Nothing answers at ${new URL(baseUrl).host} (TASKS_BASE_URL).`, mend)
  }
  const { status, json } = answer
  if (status === 404) {
    return failed(check, `There is no queue ${queue}.`, examined.isLocal ? startLocalCloud : 'deploy/setup.sh')
  }
  if (status === 401 || status === 403) {
    const grant = `gcloud tasks queues add-iam-policy-binding ${id} --location=${location} --member=user:YOU --role=roles/cloudtasks.enqueuer`
    return note(check, 'You may not look at the queue; asking for jobs may work all the same.', grant)
  }
  const state = queueSchema.safeParse(json).data?.state ?? `answered ${status}`
  if (state === 'RUNNING') return ok(check, 'It runs.')
  const resume = `gcloud tasks queues resume ${id} --location=${location}`
  return failed(check, `The queue is ${state}: jobs are not woken.`, resume)
}
