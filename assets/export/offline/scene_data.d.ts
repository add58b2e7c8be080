import type { Basin, CutAnswer, Encoded, EncodedRelief, Look, Paths } from "../../core/contract.js";

/** What an exported file carries: the paths, the ground as it is drawn, and its colours in both schemes. */
export interface SceneData {
  paths: Paths;
  step: number;
  state: Record<string, any>;
  looks: Record<string, Look>;
  scales: Record<string, string[]>;
  surface: { title: string; dimension: number; domain: number[][]; basin: Basin | null };
  curve?: { x: Encoded; losses: Encoded };
  colour?: { low: number; high: number; knee: number; ticks: number[]; labels: string[] };
  relief?: EncodedRelief;
  cut: CutAnswer;
}
