/** The hosts of the site, all the same service (contract §1). Storage never lies on them. */
export const SITE_HOST = /^(?:www\.|api\.)?civitai\.(?:com|red|green)$/
