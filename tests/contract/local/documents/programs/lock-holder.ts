// Reads a document in a transaction, says so before and after, and never commits.
import { Firestore } from '@google-cloud/firestore'

const [path = ''] = process.argv.slice(2)
const firestore = new Firestore({ projectId: 'contract' })
console.log('asking')
await firestore.runTransaction(async (transaction) => {
  await transaction.get(firestore.doc(path))
  console.log('locked')
  await new Promise((resolve) => setTimeout(resolve, 600_000))
})
