import sharp from 'sharp'
import type { RgbaPicture } from './sample.ts'

/** Draws a made-up half-length or full-length character: several colours, thin parts, soft shading. */
export async function drawFigure(random: () => number): Promise<RgbaPicture> {
  const colour = (saturation: number, lightness: number): string =>
    `hsl(${Math.round(random() * 360)} ${saturation}% ${Math.round(lightness)}%)`
  const skin = `hsl(${18 + random() * 16} ${35 + random() * 40}% ${35 + random() * 45}%)`
  const hair = random() < 0.5 ? `hsl(30 30% ${8 + random() * 30}%)` : colour(60, 25 + random() * 50)
  const [dress, trim, leg] = [
    colour(55, 20 + random() * 65),
    colour(65, 30 + random() * 50),
    colour(30, 15 + random() * 50),
  ]
  const full = random() < 0.5
  const lean = (random() - 0.5) * 30
  const arm = 60 + random() * 90
  const body = full
    ? `<path d="M150 230 Q200 210 250 230 L268 400 Q200 420 132 400 Z" fill="url(#dress)"/>
       <rect x="150" y="398" width="40" height="180" rx="18" fill="${leg}"/><rect x="210" y="398" width="40" height="180" rx="18" fill="${leg}"/>
       <rect x="138" y="560" width="56" height="26" rx="12" fill="${trim}"/><rect x="206" y="560" width="56" height="26" rx="12" fill="${trim}"/>`
    : `<path d="M90 600 Q100 260 170 235 L230 235 Q300 260 310 600 Z" fill="url(#dress)"/>
       <path d="M170 236 L200 330 L230 236 Z" fill="${trim}"/>`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 600" width="480" height="720">
    <defs>
      <linearGradient id="dress" x1="0" y1="0" x2="1" y2="0.4"><stop offset="0" stop-color="${dress}"/><stop offset="1" stop-color="${trim}" stop-opacity="1"/></linearGradient>
      <radialGradient id="face" cx="0.4" cy="0.4" r="0.8"><stop offset="0.3" stop-color="${skin}"/><stop offset="1" stop-color="hsl(15 40% 30%)"/></radialGradient>
    </defs>
    <g transform="rotate(${lean / 3} 200 600)">
      <path d="M120 ${150 + arm} Q90 150 130 90 Q200 10 270 90 Q310 160 ${285 + lean} ${150 + arm} Q240 ${120 + arm} 200 ${110 + arm} Z" fill="${hair}"/>
      <path d="M165 245 Q110 300 ${140 - arm * 0.6} ${240 + arm}" stroke="${skin}" stroke-width="26" fill="none" stroke-linecap="round"/>
      <path d="M235 245 Q290 300 ${250 + arm * 0.4} ${270 + arm}" stroke="${dress}" stroke-width="30" fill="none" stroke-linecap="round"/>
      ${body}
      <rect x="182" y="190" width="36" height="60" fill="${skin}"/>
      <ellipse cx="200" cy="140" rx="58" ry="72" fill="url(#face)"/>
      <path d="M138 140 Q140 60 200 62 Q262 60 264 140 Q235 85 200 100 Q165 85 138 140 Z" fill="${hair}"/>
      <circle cx="178" cy="145" r="7" fill="#223"/><circle cx="222" cy="145" r="7" fill="#223"/>
      <path d="M180 178 Q200 190 220 178" stroke="#833" stroke-width="4" fill="none"/>
    </g></svg>`
  const { data, info } = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgba: data }
}
