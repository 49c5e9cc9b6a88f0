import { type DocumentReference, FieldValue, type Firestore } from '@google-cloud/firestore'
import type { Writes } from './transaction.ts'

/** A mail in the words of Firebase's Trigger Email extension, which sends what is created in its collection. */
export interface Mail {
  to: string
  message: { subject: string; text: string; html: string }
}

function mailRef(db: Firestore, collection: string, id: string): DocumentReference {
  return db.collection(collection).doc(id)
}

/** Puts a mail into the outbox. The extension adds `delivery` to the document, so that it is written once and not again. */
export function sendMail(db: Firestore, params: { collection: string; id: string; mail: Mail }): Writes {
  const ref = mailRef(db, params.collection, params.id)
  return (transaction) => transaction.create(ref, { ...params.mail, createdAt: FieldValue.serverTimestamp() })
}
