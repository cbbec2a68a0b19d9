// SPDX-License-Identifier: Apache-2.0
// Every limit of Otaru, by name and with its reason. What grows without standing here is a defect.
#pragma once

#include <cstddef>
#include <cstdint>

namespace otaru::base::limits {

// --- HTTP ---------------------------------------------------------------------------------------
// Device clients send 0.3-1 kB of head; browsers with cookies up to 8 kB. 16 KiB is nginx's habit.
inline constexpr size_t kHeadBytesMax = 16 * 1024;
inline constexpr size_t kHeadersMax = 100;
inline constexpr size_t kTargetBytesMax = 8 * 1024;
// The longest device body known is OOMI's list of firmwares (a few kB); 256 KiB leaves room.
inline constexpr size_t kDeviceBodyBytesMax = 256 * 1024;
// Operator bodies: a deployment with an explicit list of 20 000 devices is below 1 MiB.
inline constexpr size_t kApiBodyBytesMax = 4 * 1024 * 1024;
// Slow clients: an NB-IoT module may need seconds per packet, but not minutes for a head.
inline constexpr int64_t kHeadTimeoutMs = 20'000;
inline constexpr int64_t kBodyIdleTimeoutMs = 30'000;
// A streamed body must bring so much, taken over each such time while there is room for it: one
// byte every half minute would otherwise hold an upload, and its place, for ever. 1 KiB/s is a poor
// 2G modem; files come from people and build servers.
inline constexpr int64_t kStreamBytesPerSecondMin = 1024;
inline constexpr int64_t kStreamPaceMs = 60'000;
inline constexpr int64_t kWriteIdleTimeoutMs = 60'000;
// OneNET MCUs wait seconds between slices (protocols: at least 30 s).
inline constexpr int64_t kKeepAliveTimeoutMs = 75'000;
inline constexpr size_t kConnectionsMax = 60'000;
// A site of devices behind one NAT address is common; a flood from one address is not.
inline constexpr size_t kConnectionsPerAddressMax = 4'096;
inline constexpr size_t kRequestsPerConnectionMax = 100'000;
inline constexpr size_t kPipelineMax = 64;
// More parts than any delta client asks for (zckdl: 256 at a time).
inline constexpr size_t kRangesMax = 256;
inline constexpr size_t kChunkLineBytesMax = 256;
inline constexpr size_t kTrailerBytesMax = 4 * 1024;
// A form or query of a known device has at most 12 fields; OAuth forms have 6.
inline constexpr size_t kFormFieldsMax = 256;
// Parameters in one path pattern, and segments of a path that patterns can match.
inline constexpr size_t kPathParamsMax = 8;
inline constexpr size_t kPathSegmentsMax = 32;
// multipart/form-data: OAuth by form-data has 5 parts, an upload with its notes about 10.
inline constexpr size_t kMultipartPartsMax = 64;
inline constexpr size_t kMultipartHeadBytesMax = 4 * 1024;
inline constexpr int64_t kDrainTimeoutMs = 10'000;
// A client that has not begun its first request when draining begins gets this long.
inline constexpr int64_t kDrainGraceMs = 500;
// After a last answer, what still comes in is thrown away so that the client can read the answer
// instead of a reset: so long and so much.
inline constexpr int64_t kLingerTimeoutMs = 2'000;
inline constexpr size_t kLingerBytesMax = 1024 * 1024;
// One read; heads beyond it let the buffer grow up to the head limit. Idle connections hold none.
inline constexpr size_t kReadBufferBytes = 4 * 1024;
inline constexpr size_t kReadScratchBytes = 64 * 1024;   // bodies; one per I/O thread
inline constexpr size_t kSpareBuffersMax = 256;          // kept for reuse by one I/O thread
inline constexpr size_t kSpareBodyBytesMax = 64 * 1024;  // capacity kept with a spare request
// Of a streamed body in memory, while its sink is busy with as much again.
inline constexpr size_t kStreamBufferBytes = 256 * 1024;
// Bodies of answers that are made over time: one piece, and what waits for a slow client.
inline constexpr size_t kSourcePieceBytes = 64 * 1024;
inline constexpr size_t kSourceBufferBytes = 256 * 1024;
// A stream that says nothing for that long is asked for a sign of life: below the patience of
// proxies (nginx: 60 s) and of NAT tables.
inline constexpr int64_t kStreamIdleMs = 15'000;
// Answers up to this size leave in one write with their head; also one TLS record.
inline constexpr size_t kCoalesceBytes = 16 * 1024;
// Of a file, before the other connections of the thread have their turn.
inline constexpr size_t kSendSliceBytes = 2 * 1024 * 1024;
// Bodies that are still coming in, of all connections together. Beyond: 503 for the one that grows.
inline constexpr size_t kUnfinishedBodyBytesMax = 256 * 1024 * 1024;
inline constexpr size_t kAcceptBatchMax = 64;
inline constexpr int64_t kAcceptBackoffMs = 100;  // when descriptors have run out
inline constexpr size_t kIoThreadsMax = 256;
inline constexpr int64_t kTlsFilesCheckMs = 10'000;

// --- Events -------------------------------------------------------------------------------------
// A busy day of a large fleet (about 350 bytes each on disk); what webhooks are still owed is kept
// up to the second number.
inline constexpr int64_t kEventsKept = 500'000;
inline constexpr int64_t kEventsKeptMax = 2'000'000;
inline constexpr int64_t kEventPruneBatch = 2'000;  // rows of one transaction: a few milliseconds
inline constexpr int64_t kEventPrunesPerTick = 50;  // of those: more than any store takes in
inline constexpr size_t kEventsInMemory = 4'096;    // the newest, for streams and webhooks
inline constexpr size_t kEventPageMax = 500;        // read at a time by one reader
inline constexpr size_t kEventTypesMax = 32;        // of one filter
inline constexpr size_t kEventTypeBytesMax = 64;
// Streams of events: in all, of one key (a browser opens one per tab), and how far behind one may
// fall that has been at the end before it is cut.
inline constexpr size_t kEventStreamsMax = 256;
inline constexpr size_t kEventStreamsPerKeyMax = 20;
inline constexpr int64_t kEventStreamLagMax = 100'000;
inline constexpr size_t kEventStreamTurn = 100;  // events looked at in one turn of an I/O thread
inline constexpr int64_t kEventStreamRetryMs = 3'000;
// Events that one request for a list looks at; with a rare filter a page may be short.
inline constexpr size_t kEventScanMax = 20'000;

inline constexpr uint64_t kDiskLowPercent = 5;  // free; below: alarm.disk_low

// --- Webhooks -----------------------------------------------------------------------------------
inline constexpr size_t kWebhooksMax = 200;
inline constexpr size_t kWebhookThreads = 4;
inline constexpr size_t kWebhookTurn = 20;  // deliveries of one webhook before others have theirs
inline constexpr int64_t kWebhookSkipsUnsaved = 1'000;
inline constexpr int64_t kWebhookTimeoutMs = 10'000;
inline constexpr size_t kWebhookResponseBytesMax = 64 * 1024;
// 1 s, 2 s, 4 s ... up to ten minutes: ten attempts are about a quarter of an hour, longer than a
// restart of the receiver. Then the event is a dead letter and the next one has its turn.
inline constexpr int64_t kWebhookRetryFirstMs = 1'000;
inline constexpr int64_t kWebhookRetryMaxMs = 10 * 60'000;
inline constexpr int64_t kWebhookAttemptsMax = 10;
inline constexpr size_t kWebhookDeadLettersMax = 1'000;  // of one webhook, the newest
inline constexpr size_t kWebhookDeliveriesKept = 100;    // of one webhook, in memory, for people

// --- Requests to others (webhooks, identity providers) ------------------------------------------
inline constexpr int64_t kOutboundConnectTimeoutMs = 5'000;
inline constexpr int64_t kOutboundTotalTimeoutMs = 15'000;
// Tokens, keys and discovery documents are a few kB; what a webhook answers is not even read.
inline constexpr size_t kOutboundResponseBytesMax = 1024 * 1024;
inline constexpr size_t kOutboundUrlBytesMax = 2'048;
inline constexpr size_t kOutboundIdleMax = 8;  // connections kept for the next request

// --- Log-ins through an identity provider -------------------------------------------------------
inline constexpr int64_t kOidcLoginMs = 10 * 60 * 1'000;     // from the button to the answer
inline constexpr int64_t kOidcProviderMs = 60 * 60 * 1'000;  // discovery is asked again then
inline constexpr int64_t kOidcKeysMs = 30 * 1'000;           // keys at most that often
inline constexpr int64_t kOidcClockSlackMs = 60 * 1'000;     // two clocks are never the same
inline constexpr size_t kOidcTokenBytesMax = 64 * 1024;
inline constexpr size_t kOidcCodeBytesMax = 4'096;
inline constexpr size_t kOidcSubjectBytesMax = 255;  // OpenID Connect Core 1.0, 2: ASCII characters
inline constexpr size_t kOidcKeysMax = 64;           // of one set

// --- JSON ---------------------------------------------------------------------------------------
inline constexpr size_t kJsonDepthMax = 32;
inline constexpr size_t kJsonMembersMax = 1'024;     // of one object
inline constexpr size_t kJsonElementsMax = 100'000;  // of one document

// --- Repeated requests --------------------------------------------------------------------------
// Answers to requests with an Idempotency-Key: long enough for a job that is repeated the next
// morning. About 1 kB each; one actor cannot take the room of all.
inline constexpr int64_t kKeptAnswerMs = 24ll * 3600 * 1000;
inline constexpr size_t kKeptAnswersMax = 20'000;
inline constexpr size_t kKeptAnswersPerActorMax = 5'000;
inline constexpr size_t kKeptAnswerBytesMax = 16 * 1024;  // beyond: read again instead
inline constexpr size_t kIdempotencyKeyBytesMax = 200;
// Faults of one body that are named together.
inline constexpr size_t kFaultsNamedMax = 20;

// --- Deployments by themselves (app/rollout_driver.h) -------------------------------------------
// One batch of tasks is a few milliseconds of the store; a device in between does not notice.
inline constexpr size_t kDueTasksPerTurn = 500;
inline constexpr size_t kSweptTasksPerTurn = 500;
// A check that began before its deployment ended has been answered by then.
inline constexpr int64_t kSweepAgainMs = 10'000;
// After a restart, what was due meanwhile is not held against devices before they could come.
inline constexpr int64_t kRestartGraceMs = 60'000;

// --- Catalogue (read whole into the snapshot) ---------------------------------------------------
inline constexpr size_t kTenantsMax = 1'000;
inline constexpr size_t kProductsMax = 20'000;
inline constexpr size_t kReleasesMax = 200'000;
inline constexpr size_t kPackagesMax = 400'000;
inline constexpr size_t kKitsMax = 20'000;
inline constexpr size_t kDeploymentsMax = 20'000;
inline constexpr size_t kCredentialsMax = 100'000;
// Groups with a filter are evaluated when a list or an audience asks for groups.
inline constexpr size_t kGroupsMax = 10'000;
inline constexpr size_t kExplicitDevicesMax = 1'000'000;  // of one deployment's list
// Maintenance windows of one deployment: one for each day, and a few exceptions.
inline constexpr size_t kWindowsMax = 32;
// Lines of a file with such a list: they may repeat.
inline constexpr size_t kKeyListLinesMax = 2'000'000;
inline constexpr size_t kPatchChainMax = 16;  // steps of one offer
inline constexpr size_t kNameBytesMax = 255;
inline constexpr size_t kVersionBytesMax = 255;
inline constexpr size_t kVersionPartsMax = 16;
inline constexpr size_t kTextsPerRowMax = 64;     // labels, notes, attributes of one row
inline constexpr size_t kPermissionsMax = 1'000;  // of one row; OOMI's own database has 90
inline constexpr size_t kFromVersionsMax = 1'000;
// Of one deployment. Steps that people can follow, and what a check looks through each time.
inline constexpr size_t kWavesMax = 32;
inline constexpr size_t kBrakesMax = 16;
inline constexpr size_t kRequirementsMax = 32;             // of a release, of an item of a kit
inline constexpr size_t kRequirementLooksMax = 2'000'000;  // releases, in search of a circle
inline constexpr size_t kKitItemsMax = 256;                // a device has 64 components
inline constexpr int64_t kKitStageMax = 99;
inline constexpr size_t kAudienceGroupsMax = 256;  // of an audience, of its exclusions, of a wave
inline constexpr size_t kPlanWordsMax = 64;        // hardware revisions, networks
inline constexpr int64_t kPlanTimeMs = 366ll * 24 * 3600 * 1000;  // soak, time-outs, retry interval
inline constexpr int64_t kPlanBytesPerSecondMax = 1'000'000'000'000;  // no server sends as much
inline constexpr size_t kSettingsMax = 5'000;   // with the names of channels and permissions
inline constexpr size_t kTextBytesMax = 6'500;  // OOMI: Text(6500) for descriptions

// --- Filters (docs/filter.md) -------------------------------------------------------------------
// A filter of a list travels in the request line (kTargetBytesMax); nobody types a longer one.
inline constexpr size_t kFilterBytesMax = 8 * 1024;
inline constexpr size_t kFilterNodesMax = 1'024;  // conditions and joints; values of all lists
inline constexpr size_t kFilterDepthMax = 32;     // evaluating and rendering recurse

// --- Devices and tasks --------------------------------------------------------------------------
inline constexpr size_t kDeviceKeyBytesMax = 128;
inline constexpr size_t kComponentsPerDeviceMax = 64;
// What a device is told to wait at most: what is started meanwhile must not be kept from it.
inline constexpr int64_t kRetryAfterSecondsMax = 6 * 3600;
inline constexpr size_t kAttributesPerDeviceMax = 64;
inline constexpr size_t kAttributeBytesMax = 512;
inline constexpr size_t kTagsPerDeviceMax = 64;
inline constexpr size_t kTagBytesMax = 64;
inline constexpr size_t kGroupsPerDeviceMax = 64;
// What was said of a device's updates by those behind it, kept with the device (some 100 bytes
// each), and how far an update can be put off: a season, not for ever (that is opting out).
inline constexpr size_t kConsentNotesMax = 32;
inline constexpr int64_t kConsentPostponeMs = 366ll * 24 * 3600 * 1000;
inline constexpr size_t kTasksInStateMax = 32;     // kept with a resident device, newest first
// Lines of a task's history: from then on devices add no remarks to it. What changes its state, and
// what becomes of it afterwards, is noted all the same: ten lines, and some that operators cause;
// beyond both only how it ends.
inline constexpr size_t kHistoryPerTaskMax = 500;
inline constexpr size_t kHistoryStepsMax = 60;
inline constexpr size_t kLogBytesMax = 1'024;      // one device log line
// What failed tasks of a deployment died of, in an answer: the most frequent of the devices' own
// words; the rest is one sum.
inline constexpr size_t kFailureReasonsMax = 50;
inline constexpr size_t kVerifyTasksPage = 1'000;  // a recount reads so many at once
inline constexpr size_t kDeviceLogLinesMax = 200;  // kept per device, the newest
// Devices, and open tasks, that are looked at for what a revoked release leaves behind: a fleet of
// this size is counted in well under a second, a larger one in part, and the answer says so.
inline constexpr size_t kInstalledScanMax = 20'000;
// Devices that register themselves by asking: enough for a large fleet, an end for a flood.
inline constexpr int64_t kDevicesPerTenantMax = 20'000'000;
// Devices of a tenant that registered themselves and wait for somebody to approve them: a factory's
// day, and a list that people can still look through. A flood ends there, also on disk.
inline constexpr int64_t kPendingDevicesMax = 10'000;
// Device states kept in memory; others are one read away.
inline constexpr size_t kResidentDeviceBytesMax = 256 * 1024 * 1024;

// --- Writing ------------------------------------------------------------------------------------
inline constexpr size_t kCommitBatchMax = 4'096;   // write batches of one group commit
inline constexpr size_t kCommitQueueMax = 65'536;  // beyond: answer `unavailable`
// The journal of changes. A value is a name, a note or a list: what is longer is kept by its
// beginning, its length and its hash. Rows of one change (a release with its packages): a row with
// the longest texts has about 300 kB; further ones are counted and hashed.
inline constexpr size_t kJournalValueBytesMax = 2'048;
inline constexpr size_t kJournalValueBytesKept = 1'024;
inline constexpr size_t kJournalChangesBytesMax = 512 * 1024;
// One line of an export: the changes, and names of a few hundred bytes.
inline constexpr size_t kJournalLineBytesMax = kJournalChangesBytesMax + 64 * 1024;
// Devices of one transaction of an import: large enough that its fsync costs little for each, short
// enough (some 20 ms) that devices which wait behind it do not notice.
inline constexpr size_t kBulkDevicesMax = 1'000;
inline constexpr int64_t kSeenFlushMs = 5'000;  // "last seen" is gathered that long
inline constexpr size_t kSeenPendingMax = 200'000;

// --- Imports and exports ------------------------------------------------------------------------
// Rows of the list of imports, of which some wait; the file of each that is not over is kept.
inline constexpr size_t kImportsMax = 200;
inline constexpr size_t kImportsWaitingMax = 16;
inline constexpr size_t kImportErrorsMax = 10'000;  // told of one import; others are counted
// One device with 64 attributes of 512 bytes, every character escaped, fits.
inline constexpr size_t kImportLineBytesMax = 512 * 1024;
inline constexpr size_t kImportReadBytes = 256 * 1024;
// Names of attributes that have a column of their own; others share one.
inline constexpr size_t kExportColumnsMax = 512;

// --- Moving over from hawkBit (src/cli/hawkbit) -------------------------------------------------
inline constexpr int64_t kHawkbitPageItems = 500;  // what its Management API gives at most
// A page of sets with fifty modules each, every link with its object.
inline constexpr size_t kHawkbitPageValuesMax = 2'000'000;
// Of one kind that is no catalogue of ours: types, tags, rollouts.
inline constexpr int64_t kHawkbitOthersMax = 100'000;
inline constexpr int64_t kHawkbitPerTargetMax = 10'000;  // metadata, tags of one target
// One import of devices: one transaction, and what is read again after a stop at most.
inline constexpr size_t kHawkbitBatchDevices = kBulkDevicesMax;
inline constexpr size_t kHawkbitBatchBytes = 4 * 1024 * 1024;
// A server that restarts is back within so many tries, half a second, 1, 2, 4 ... seconds apart.
inline constexpr int kHawkbitTriesMax = 8;
inline constexpr int64_t kHawkbitWaitMsMax = 30'000;  // also what a Retry-After is cut to
inline constexpr size_t kHawkbitModulesCached = 10'000;  // some hundred bytes each
inline constexpr size_t kHawkbitReportLinesShown = 200;  // on the terminal; the file has all
inline constexpr size_t kHawkbitReportLineBytesMax = 4'096;

// --- Files --------------------------------------------------------------------------------------
inline constexpr int64_t kBlobBytesMax = 16ll * 1024 * 1024 * 1024;
inline constexpr int64_t kUploadExpiryMs = 24ll * 3600 * 1000;
inline constexpr size_t kUploadsMax = 1'000;
// One tenant must not take the places, nor the disk, of all others. Settings raise or lower both:
// `uploads.open_max` and `uploads.unfinished_bytes_max`.
inline constexpr int64_t kUploadsPerTenantMax = 200;
inline constexpr int64_t kUnfinishedUploadBytesMax = 64ll * 1024 * 1024 * 1024;
// A file that comes without saying how long it is (a chunked PUT) holds this much of the above.
inline constexpr int64_t kUnsizedUploadBytesMax = 4ll * 1024 * 1024 * 1024;
// Uploads between two requests whose file and hash state are kept open (one descriptor and about
// 1 KiB each). Others are read again, from their beginning, when they go on.
inline constexpr size_t kOpenUploadsMax = 64;
// What clients say about a file beside its bytes: tus clients send a name and a type.
inline constexpr size_t kUploadMetadataBytesMax = 4 * 1024;
inline constexpr size_t kUploadMetadataPairsMax = 32;
// What a file says about itself, as it is kept with its upload; more is left out.
inline constexpr size_t kInspectionBytesMax = 64 * 1024;
// Descriptors of blobs kept open: the files of the deployments that run now.
inline constexpr size_t kOpenBlobsMax = 256;

// --- Inspecting uploaded files (src/inspect) ----------------------------------------------------
// Read in all, checksums included: two to three seconds of hashing. Larger content is described
// but its checksums are left unchecked.
inline constexpr uint64_t kInspectReadBytesMax = 1024ull * 1024 * 1024;
// Reads, table entries and lines in all: a file of the largest useful kind (an Intel HEX file of
// 16 MiB has a million lines) is looked at whole.
inline constexpr uint64_t kInspectStepsMax = 2'000'000;
inline constexpr size_t kInspectPieceBytes = 64 * 1024;  // one read of what is streamed
// The largest description that must be in memory as a whole (device tree, manifest).
inline constexpr size_t kInspectBlockBytesMax = 4 * 1024 * 1024;
inline constexpr size_t kInspectHeadBytes = 4 * 1024;  // what a format is recognised by
inline constexpr size_t kInspectTailBytes = 512;
inline constexpr size_t kInspectDepthMax = 4;        // files in files: .swu, in it gzip, in it ext4
inline constexpr size_t kInspectEntriesMax = 4'096;  // of one table or archive
inline constexpr size_t kInspectFactsMax = 256;
inline constexpr size_t kInspectPayloadsMax = 256;
inline constexpr size_t kInspectNotesMax = 64;
inline constexpr size_t kInspectTextBytesMax = 512;
// Text that is read whole to find settings in it; sw-descriptions of real images have 2-20 kB.
inline constexpr size_t kInspectConfigBytesMax = 1024 * 1024;
inline constexpr size_t kInspectConfigDepthMax = 32;
inline constexpr size_t kInspectConfigSettingsMax = 16'384;
// Of a zip: an entry of 46 bytes takes a few hundred in memory.
inline constexpr uint64_t kInspectDirectoryBytesMax = 4 * 1024 * 1024;
inline constexpr size_t kInspectNameBytesMax = 4'096;  // of an archive's member: PATH_MAX
// Of a member, to tell its kind; the superblocks of file systems begin at up to 64 KiB (btrfs).
inline constexpr size_t kInspectPeekBytes = 128 * 1024;
inline constexpr size_t kInspectZipTextBytesMax = 64 * 1024;  // of a member kept as text
// xz -9 takes 65 MiB, zstd --ultra -21 a window of 2^26 bytes; what asks for more stays packed.
inline constexpr uint64_t kInspectUnpackMemoryMax = 80ull * 1024 * 1024;
inline constexpr int kInspectZstdWindowLogMax = 26;
// Each signer costs a public-key operation on numbers that the file chose. One or two are usual.
inline constexpr size_t kInspectSignersMax = 16;
inline constexpr size_t kInspectCertificatesMax = 64;

// OneNET access keys that are kept opened (a few hundred bytes each): the keys of products, and of
// devices that have their own.
inline constexpr size_t kOnenetKeysCachedMax = 65'536;
// Authorization headers whose signature was good (under 1 kB each): fleets repeat one header.
inline constexpr size_t kOnenetHeadersCachedMax = 16'384;
// Download tokens in use (about 150 bytes each): a token comes with every slice.
inline constexpr size_t kOnenetTokensCachedMax = 65'536;

// --- Explanations and dry runs ------------------------------------------------------------------
// Deployments of one product that an explanation shows; the ended ones of so long are among them.
inline constexpr size_t kExplainDeploymentsMax = 200;
inline constexpr int64_t kExplainEndedMs = 7ll * 24 * 3600 * 1000;
// Dry runs read the whole fleet: so many at once, so many waiting for their turn; the newest
// results are kept in memory (a few 10 kB each) until the server stops.
inline constexpr size_t kDryRunsAtOnce = 1;
inline constexpr size_t kDryRunsWaitingMax = 8;
inline constexpr size_t kDryRunsKept = 100;
inline constexpr size_t kDryRunPageDevices = 500;  // of one read
inline constexpr size_t kDryRunSampleMax = 5;      // devices shown of those that share a reason
inline constexpr size_t kDryRunVersionsMax = 200;  // source versions told apart

// --- hawkBit ------------------------------------------------------------------------------------
// Lines of one report that are kept, the last ones (hawkBit's own quota is the same).
inline constexpr size_t kHawkbitDetailsMax = 50;
// A device that sleeps longer cannot be told anything.
inline constexpr int64_t kHawkbitPollingSecondsMax = 30 * 24 * 3600;
// How long a device is told that an action was cancelled: one that cannot acknowledge that is not
// kept from its next update for ever.
inline constexpr int64_t kHawkbitCancelMs = 24ll * 3600 * 1000;
inline constexpr size_t kHawkbitTokenBytesMax = 256;
// Device tokens that were found good (about 400 bytes each).
inline constexpr size_t kHawkbitTokensCachedMax = 65'536;
// What a device that met a busy server is told to wait.
inline constexpr int64_t kHawkbitBusyRetrySeconds = 10;

// --- People -------------------------------------------------------------------------------------
inline constexpr size_t kUsersMax = 10'000;               // read whole into the snapshot
inline constexpr size_t kReasonBytesMax = 2'000;  // why somebody pauses, cancels, rolls back
inline constexpr size_t kApprovalsPerDeploymentMax = 64;  // the newest are kept
// Argon2id: what libsodium calls interactive; about 60 ms and 64 MiB for each attempt.
inline constexpr uint64_t kPasswordPasses = 2;
inline constexpr size_t kPasswordMemoryBytes = 64 * 1024 * 1024;
// At once and waiting, of the four workers that there are by default: one stays for other work.
inline constexpr size_t kPasswordsAtOnce = 2;
inline constexpr size_t kPasswordsWaiting = 1;
inline constexpr size_t kPasswordCharactersMin = 10;  // NIST SP 800-63B asks for 8
inline constexpr size_t kPasswordBytesMax = 512;
// Wrong passwords: ten, then one a minute for a name; an office behind one address gets more.
inline constexpr int64_t kLoginsPerName = 10;
inline constexpr int64_t kLoginsPerNameRefillMs = 60'000;
inline constexpr int64_t kLoginsPerAddress = 50;
inline constexpr int64_t kLoginsPerAddressRefillMs = 6'000;
inline constexpr size_t kLoginRatesMax = 20'000;  // names, and addresses, that are remembered
// A working day away ends a session, a month ends every one.
inline constexpr int64_t kLoginIdleMs = 12ll * 3600 * 1000;
inline constexpr int64_t kLoginLifeMs = 30ll * 24 * 3600 * 1000;
inline constexpr size_t kLoginsMax = 50'000;
inline constexpr size_t kLoginsPerUserMax = 32;             // the one unused for longest goes
inline constexpr int64_t kLinkLifeMs = 24ll * 3600 * 1000;  // of setup, invitations and resets
// "Last used" of keys and sessions is written this coarsely.
inline constexpr int64_t kLastUsedStepMs = 60'000;

// --- Versions over time -------------------------------------------------------------------------
// A chart of two weeks by the hour, of two years by the day: 1 066 rows of a product, of some
// hundred bytes each.
inline constexpr int64_t kVersionHoursKeptMs = 14ll * 24 * 3600 * 1000;
inline constexpr int64_t kVersionDaysKeptMs = 730ll * 24 * 3600 * 1000;
inline constexpr size_t kVersionsPerSample = 30;         // the rarer ones are one number
inline constexpr size_t kVersionSamplesPerWrite = 200;  // of one transaction: some milliseconds

// --- Credentials --------------------------------------------------------------------------------
inline constexpr size_t kSecretBytesMax = 512;
inline constexpr size_t kDeviceSecretBytesMin = 8;  // nobody guesses them, even of a whole fleet
inline constexpr size_t kSessionsMax = 100'000;  // living OAuth tokens

}  // namespace otaru::base::limits
