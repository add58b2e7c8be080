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
}
