import { createManualClock } from '#local/clock.ts'
import { createEventDelivery } from '#local/events/delivery.ts'
import { objectChange } from './changes.ts'

// A local cloud that is killed right after its changes happened: `node publish-and-die.ts DATA_DIR URL COUNT`.
const [dataDir = '', url = '', count = '0'] = process.argv.slice(2)
const delivery = createEventDelivery({
  dataDir,
  triggers: [{ name: 'uploads', type: 'google.cloud.storage.object.v1.finalized', bucket: 'uploads', url }],
  clock: createManualClock(Date.now()),
})
for (let index = 0; index < Number(count); index += 1) delivery.publishObject(objectChange(`object-${index}`))
process.kill(process.pid, 'SIGKILL')
