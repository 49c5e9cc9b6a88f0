import type { Endpoint } from '../http/endpoint.ts'
import { cleanCache } from './cache-clean.ts'
import { getCacheJob } from './cache-job.ts'
import { getCache } from './cache-page.ts'
import { pinCachedFile, unpinCachedFile } from './cache-pin.ts'
import { noteCacheUses } from './cache-used.ts'
import { verifyCache } from './cache-verify.ts'
import { cancelTraining } from './cancel-training.ts'
import { createGeneration } from './create-generation.ts'
import { createTraining } from './create-training.ts'
import { createUploads } from './create-uploads.ts'
import { createDownloadUrl } from './download-url.ts'
import { getGeneration } from './get-generation.ts'
import { getTraining } from './get-training.ts'
import { getUsage } from './get-usage.ts'
import { listTemplates } from './list-templates.ts'
import { listTrainings } from './list-trainings.ts'
import { addRegisteredModel, lookUpModel } from './registry-add.ts'
import { listModelUpdates, listRegisteredModels } from './registry-list.ts'
import {
  changeRegisteredModel,
  getRegisteredModel,
  removeRegisteredModel,
  syncRegisteredModel,
} from './registry-model.ts'
import { listCompatibleLoras, searchRegistry } from './registry-search.ts'
import { createModelUpload } from './registry-uploads.ts'
import { trainModel } from './train-model.ts'

/** The whole API. Routes and the OpenAPI document are made of this table; what is not here does not exist. */
export const endpoints: readonly Endpoint[] = [
  createUploads,
  createTraining,
  trainModel,
  listTrainings,
  getTraining,
  cancelTraining,
  createGeneration,
  getGeneration,
  listTemplates,
  getUsage,
  searchRegistry,
  listRegisteredModels,
  addRegisteredModel,
  getRegisteredModel,
  changeRegisteredModel,
  removeRegisteredModel,
  syncRegisteredModel,
  listCompatibleLoras,
  createModelUpload,
  lookUpModel,
  listModelUpdates,
  createDownloadUrl,
  getCache,
  pinCachedFile,
  unpinCachedFile,
  noteCacheUses,
  cleanCache,
  verifyCache,
  getCacheJob,
]
