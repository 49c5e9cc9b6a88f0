/**
 * The addresses that a service is told: its own, and those of the services that it asks. Cloud Run's second address of every
 * service is known before the service is, so that the order of a first deployment does not matter to them.
 */
export function serviceUrls(
  service: string,
  settings: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const url = (name: string) => `https://${name}-${settings.PROJECT_NUMBER}.${settings.REGION}.run.app`
  return {
    SERVICE_URL: url(service),
    REPLICATE_WEBHOOK_URL: settings.REPLICATE_WEBHOOK_URL || url('replicate-webhook'),
    MODEL_SYNC_URL: settings.MODEL_SYNC_URL || url('model-sync'),
  }
}
