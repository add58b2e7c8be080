import type { FeedData } from "../core/contract.js";

/** What a kind of entry carries; R: the rows of the job. */
type Data<K extends keyof FeedData, R> = K extends "progress" ? Omit<FeedData["progress"], "rows"> & { rows: R[] } : FeedData[K];

/** An entry of a job's feed. */
export type FeedEntry<R> = {
  [K in Exclude<keyof FeedData, "end">]: { number: number; kind: K; time: number; data: Data<K, R> };
}[Exclude<keyof FeedData, "end">];

/** A message of the stream. */
export type StreamMessage<R> = FeedEntry<R> | { kind: "heartbeat" } | { kind: "end"; data: FeedData["end"] };
