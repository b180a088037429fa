import { readFile } from 'node:fs/promises'
import { PDFDocument } from '@cantoo/pdf-lib'
import { buildReport, ReportError } from '@respond-async/example-report'
import { type SampleName, sampleFile } from '@respond-async/example-report/sample-file'
import { describe, expect, it } from 'vitest'

const read = async (sample: SampleName) => readFile((await sampleFile(sample)).path)

const textOf = async (pdf: Uint8Array) => {
  const document = await PDFDocument.load(pdf)
  return document.getPages().map((page) => page.extractContents().flatMap((asset) => (asset.kind === 'text' ? asset.getText() : [])))
}

const FLIGHT = { date: '2001/03/05 14:30', delay: 20, distance: 500, origin: 'AAA', destination: 'BBB' }

const failure = (file: Uint8Array | string) =>
  buildReport(file, 'upload').then(
    () => expect.unreachable('a report was built'),
    (error: unknown) => error,
  )

describe('the report', () => {
  it('covers all flights', async () => {
    const { bytes, ...rest } = await buildReport(await read('flights-20k'), 'flights-20k.json')
    expect(rest).toEqual({ contentType: 'application/pdf', fileName: 'flights-20k-report.pdf', rows: 20_000 })
    const [overview, , places, records] = await textOf(bytes)
    expect(overview).toContain('1 January to 31 March 2001  ·  20,000 flights  ·  224 airports  ·  2,977 routes')
    expect(overview).toEqual(expect.arrayContaining(['20,000', '77.2%', '48.6%', '0 min', '37 min', '8 h 42 min']))
    expect(places).toEqual(expect.arrayContaining(['DFW', '1,103', 'ORD', '1,095']))
    expect(records).toContain('Every row of the file was counted: 20,000.')
  })

  it('covers all bird strikes', async () => {
    const { bytes, rows } = await buildReport(await read('bird-strikes'), 'birdstrikes.csv')
    expect(rows).toBe(10_000)
    const [overview, , subjects] = await textOf(bytes)
    expect(overview).toContain('8 January 1990 to 25 July 2002  ·  10,000 strikes  ·  50 airports  ·  46 operators')
    expect(overview).toEqual(expect.arrayContaining(['10,000', '10.6%', '1,061 aircraft', '$40.5M', '$7.0M', '19.9%', '140 kn']))
    expect(subjects).toEqual(expect.arrayContaining(['European starling', '319', 'Dallas/Fort Worth Intl', '908']))
  })

  it('is byte-identical for the same data, and differs for other data', async () => {
    const file = await read('flights-20k')
    const first = await buildReport(file, 'a.json')
    const again = await buildReport(new TextDecoder().decode(file), '/some/where/a.json')
    expect(Buffer.from(again.bytes).equals(first.bytes)).toBe(true)
    const other = await buildReport(JSON.stringify([FLIGHT]), 'a.json')
    expect(Buffer.from(other.bytes).equals(first.bytes)).toBe(false)
  })

  it('carries the date of the data and the fingerprint of the file, not the time at which it was made', async () => {
    const { bytes } = await buildReport(JSON.stringify([FLIGHT]), 'one.json')
    const document = await PDFDocument.load(bytes, { updateMetadata: false })
    expect(document.getCreationDate()).toEqual(new Date('2001-03-05T14:30:00Z'))
    expect(document.getModificationDate()).toEqual(new Date('2001-03-05T14:30:00Z'))
    expect(document.getTitle()).toBe('Flights and their delays')
    expect(String(document.context.trailerInfo.ID)).toMatch(/^\[ <[0-9a-f]{32}> <[0-9a-f]{32}> \]$/)
  })

  it('is the same from CSV and from JSON, except for the name of the format', async () => {
    const text = (records: string[][]) => records.flat().filter((line) => !line.includes('  ·  '))
    const records: (typeof FLIGHT)[] = JSON.parse((await read('flights-20k')).toString()).slice(0, 2000)
    const csv = [Object.keys(FLIGHT).join(';'), ...records.map((record) => Object.values(record).join(';'))].join('\r\n')
    const [fromJson, fromCsv] = await Promise.all([buildReport(JSON.stringify(records), 'f'), buildReport(csv, 'f')])
    expect(text(await textOf(fromCsv.bytes))).toEqual(text(await textOf(fromJson.bytes)))
  })

  it('leaves out rows without usable values and says so', async () => {
    const bad = [
      { ...FLIGHT, delay: 'soon' },
      { ...FLIGHT, date: '2001/13/45' },
      { ...FLIGHT, origin: '' },
      { ...FLIGHT, distance: -1 },
      7,
      null,
    ]
    const { bytes, rows } = await buildReport(JSON.stringify([FLIGHT, ...bad]), 'f.json')
    expect(rows).toBe(7)
    expect((await textOf(bytes)).flat()).toContain('1 row counted, 6 without usable values left out.')
  })

  it('survives names that its font or a header can’t show', async () => {
    const { bytes, fileName } = await buildReport(JSON.stringify([{ ...FLIGHT, origin: '東京' }]), 'C:\\data\\Flüge 東京.json')
    expect(fileName).toBe('Fl-ge-report.pdf')
    expect((await textOf(bytes)).flat()).toContain('Flüge ??.json  ·  JSON  ·  1 row')
  })
})

describe('progress', () => {
  const watch = async (sample: SampleName) => {
    const seen: [number, string][] = []
    await buildReport(await read(sample), 'f', { onProgress: (percent, message) => void seen.push([percent, message]) })
    return seen
  }

  it('never falls and ends at 100', async () => {
    const percents = (await watch('flights-20k')).map(([percent]) => percent)
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.every(Number.isInteger)).toBe(true)
    expect([percents[0], percents.at(-1)]).toEqual([0, 100])
  })

  it('says how many rows are done', async () => {
    const messages = (await watch('flights-20k')).map(([, message]) => message)
    expect(messages).toEqual([
      'reading the file',
      ...rows(20_000, 500),
      'page 1 of 4',
      'page 2 of 4',
      'page 3 of 4',
      'page 4 of 4',
      '4 pages',
    ])
  })

  const rows = (total: number, step: number) =>
    Array.from({ length: total / step }, (_, at) => `${((at + 1) * step).toLocaleString('en')} of ${total.toLocaleString('en')} rows`)

  it('lets the event loop turn between two chunks', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    await buildReport(await read('flights-20k'), 'f')
    clearInterval(timer)
    expect(turns).toBeGreaterThan(20)
  })

  it('waits for a slow listener', async () => {
    let busy = 0
    await buildReport(JSON.stringify([FLIGHT]), 'f', {
      onProgress: async () => {
        expect(busy++).toBe(0)
        await new Promise((resolve) => setTimeout(resolve, 2))
        busy--
      },
    })
  })
})

describe('an abort', () => {
  it('stops the work between two chunks with its reason', async () => {
    const controller = new AbortController()
    const reason = new Error('no longer needed')
    const seen: number[] = []
    const work = buildReport(await read('flights-20k'), 'f', {
      signal: controller.signal,
      onProgress: (percent) => {
        seen.push(percent)
        if (percent >= 30) controller.abort(reason)
      },
    })
    await expect(work).rejects.toBe(reason)
    expect(seen.at(-1)).toBeLessThan(40)
  })

  it('stops work that hasn’t begun', async () => {
    const seen: number[] = []
    const work = buildReport('', 'f', { signal: AbortSignal.abort(), onProgress: (percent) => void seen.push(percent) })
    await expect(work).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen).toEqual([])
  })
})

describe('a file that can’t become a report', () => {
  const columns = '“date”, “delay”, “distance”, “origin”, “destination”'

  it.each([
    ['nothing', '', 'empty_file', 'The file is empty.'],
    ['white space', ' \n\t', 'empty_file', 'The file is empty.'],
    ['no records', '[]', 'empty_file', 'The JSON array holds no records.'],
    ['a header alone', 'date,delay\n', 'empty_file', 'The CSV has a header line but no rows.'],
    ['truncated JSON', JSON.stringify([FLIGHT, FLIGHT]).slice(0, -9), 'unreadable_file', 'The JSON is damaged or cut off'],
    ['a JSON object', '{"flights":[]}', 'unreadable_file', 'The JSON must be an array of records'],
    ['numbers', '[1,2,3]', 'unreadable_file', 'The JSON must be an array of records'],
    ['prose', 'Once upon a time', 'unreadable_file', 'The file is neither JSON, CSV nor Parquet.'],
    [
      'an open quotation mark',
      'date,delay\n"2001,1\n2,3\n',
      'unreadable_file',
      'The CSV is damaged or cut off: a quotation mark is out of place in line 2.',
    ],
    ['other columns', '[{"Name":"chevrolet","Year":1970}]', 'unknown_columns', 'No report is known for the columns “Name”, “Year”.'],
    [
      'a missing column',
      'date,delay,distance,origin\n1,2,3,4',
      'unknown_columns',
      `This looks like a file of flights, but it lacks “destination”. A file of flights needs the columns ${columns}.`,
    ],
    ['unusable rows', JSON.stringify([{ ...FLIGHT, delay: null }]), 'no_usable_rows', `No row has usable values in ${columns}.`],
  ])('%s', async (_name, file, code, message) => {
    const error = await failure(file)
    expect(error).toBeInstanceOf(ReportError)
    expect(error).toMatchObject({ status: 422, expose: true, code, message: expect.stringContaining(message) })
  })

  it('names the columns that would be right', async () => {
    const error = await failure('[{"a":1}]')
    expect(error).toHaveProperty('message', expect.stringContaining(`A file of flights needs the columns ${columns}.`))
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining('A file of bird strikes needs the columns “Flight Date”, “Airport Name”'),
    )
  })

  it('is no text', async () => {
    expect(await failure(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff]))).toMatchObject({ code: 'unreadable_file' })
  })

  it('is damaged Parquet', async () => {
    const file = await read('flights')
    expect(await failure(file.subarray(0, 9_000))).toMatchObject({ code: 'unreadable_file', message: expect.stringContaining('footer') })
    const damaged = Buffer.from(file).fill(0xff, 4, 2_000)
    expect(await failure(damaged)).toMatchObject({ code: 'unreadable_file', message: expect.stringContaining('can’t be read') })
  })
})
