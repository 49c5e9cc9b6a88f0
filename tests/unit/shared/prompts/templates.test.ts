import { fillTemplate, findTemplate, promptTemplates } from '#shared/prompts/templates.ts'

test.each(promptTemplates)('$id names what the model has learned and leaves no gap', (template) => {
  const prompt = fillTemplate(template, { triggerWord: 'ohwx', type: 'woman' })
  expect(prompt).toContain('ohwx, a woman')
  expect(prompt).not.toMatch(/[{}]/)
  expect(findTemplate(template.id)).toBe(template)
})

test('ids are unique, and an unknown one is none', () => {
  expect(new Set(promptTemplates.map(({ id }) => id)).size).toBe(promptTemplates.length)
  expect(findTemplate('nothing')).toBeNull()
})

test('a trigger word with a replacement pattern in it is taken as it is', () => {
  expect(fillTemplate({ prompt: '{trigger} {type}' }, { triggerWord: '$&', type: 'man' })).toBe('$& man')
})
