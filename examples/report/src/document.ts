import * as fontkit from '@cantoo/fontkit'
import { PDFDocument, PDFHexString } from '@cantoo/pdf-lib'
import regular from '@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-400-normal.woff'
import semibold from '@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-600-normal.woff'
import { type Canvas, createCanvas } from './canvas'
import { PAGE } from './theme'
import { createTypeface } from './typeface'

export interface DocumentInfo {
  title: string
  subject: string
  /** The day the data ends. The real time of writing would make every report different bytes. */
  createdAt: Date
  /** Names the input. Two reports on the same file get the same id. */
  id: Uint8Array
}

export interface ReportDocument {
  addPage(): Canvas
  save(): Promise<Uint8Array<ArrayBuffer>>
}

export const createDocument = async ({ title, subject, createdAt, id }: DocumentInfo): Promise<ReportDocument> => {
  const document = await PDFDocument.create({ updateMetadata: false })
  document.setTitle(title, { showInWindowTitleBar: true })
  document.setSubject(subject)
  document.setCreator('respond-async example report')
  document.setProducer('pdf-lib')
  document.setLanguage('en')
  document.setCreationDate(createdAt)
  document.setModificationDate(createdAt)
  const fileId = PDFHexString.of(Array.from(id.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join(''))
  document.context.trailerInfo.ID = document.context.obj([fileId, fileId])

  document.registerFontkit(fontkit)
  // Named here, since the library's own names end in a random number. A subset's name starts with six capitals.
  const typefaces = {
    regular: createTypeface(await document.embedFont(regular, { subset: true, customName: 'REPORT+IBMPlexSans' })),
    semibold: createTypeface(await document.embedFont(semibold, { subset: true, customName: 'REPORT+IBMPlexSans-SemiBold' })),
  }
  return {
    addPage: () => createCanvas(document.addPage([PAGE.width, PAGE.height]), typefaces),
    async save() {
      const bytes = await document.save({ addDefaultPage: false, updateFieldAppearances: false, objectsPerTick: Number.POSITIVE_INFINITY })
      return new Uint8Array(bytes) // over an ArrayBuffer of its own, as a Response wants it
    },
  }
}
