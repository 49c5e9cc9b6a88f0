import type { Mail } from '#shared/documents/mail.ts'
import type { Training } from '#shared/documents/trainings.ts'
import { escapeHtml } from '#shared/html/escape-html.ts'

/** The one mail of a training. */
export function mailId(trainingId: string): string {
  return `training-${trainingId}`
}

/** What the owner is told at the end. `appUrl` makes it a link; a name is a person's text and is escaped. */
export function trainingMail(params: {
  training: Pick<Training, 'name'> & { email: string }
  end: { status: 'succeeded' } | { status: 'failed'; message: string }
  appUrl: string | null
}): Mail {
  const { training, end, appUrl } = params
  const name = oneLine(training.name)
  const subject =
    end.status === 'succeeded' ? `Your model “${name}” is ready` : `Your model “${name}” could not be trained`
  const said =
    end.status === 'succeeded'
      ? `The training of “${name}” has finished. The model is yours to use.`
      : `The training of “${name}” did not work: ${end.message} It does not count against your trainings.`
  const link = appUrl === null ? [] : [appUrl]
  return {
    to: training.email,
    message: {
      subject,
      text: [said, ...link].join('\n\n'),
      html: [escapeHtml(said), ...link.map((url) => `<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>`)]
        .map((paragraph) => `<p>${paragraph}</p>`)
        .join('\n'),
    },
  }
}

/** A subject with a line break in it would be a header of its own. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
