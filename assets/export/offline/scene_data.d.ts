import type { CutAnswer, GroundLook, Look, Paths, SurfaceAnswer } from "../../core/contract.js";

/** What an exported file carries: the paths, the surface as the page gets it, and its colours in both schemes. */
export interface SceneData {
  paths: Paths;
  step: number;
  state: Record<string, any>;
  looks: Record<string, Look>;
  grounds: Record<string, GroundLook>;
  surface: SurfaceAnswer;
  cut: CutAnswer;
  /** the run that this one is compared with; cut: where it walks on the same ground */
  frozen: { paths: Paths; cut: CutAnswer | null; words: string } | null;
}
