// What the server's answers and tables hold. Written by hand for what several modules read.

/** An array in base64: float32 where dtype is "f4". shape: "rows,columns". */
export interface Encoded {
  dtype: string;
  bdata: string;
  shape: string;
}

/** A method's colour, line and marker. dash: lengths as in SVG, "" for a solid line. */
export interface Look {
  colour: string;
  colour_on_dark?: string | null;
  width: number;
  dash: string;
  marker: string;
}

/** A row of a table of controls, a number or a choice. */
export interface Control {
  name: string;
  kind: string;
  group: string;
  /** "view": it changes what the browser shows and nothing else */
  role: string;
  /** stays as it is when another preset or surface is chosen */
  kept: boolean;
  label: string;
  title: string;
  symbol: string;
  unit: string;
  help: string;
  default: any;
  /** of a choice: value and text */
  options: string[][];
  /** of a number */
  minimum: number;
  maximum: number;
  step: number;
  scale: "linear" | "log" | "log or zero";
  low: number;
  high: number;
  slider_step: number;
  digits: number;
  smallest: number;
  wants: string;
}

/** A row of the toy lab's table of outcomes. */
export interface OutcomeRow {
  method: string;
  outcome: string;
  sentence: string;
  settings?: string | null;
  arrival: number | null;
  evaluations_to_arrival: number | null;
  evaluations: number;
  products_to_arrival: number | null;
  products: number;
  length_to_arrival: number | null;
  length: number | null;
}

/** What a method's steps and refreshes of U are counted as. first: the step before the first refresh, −1 for none. */
export interface CountedCost {
  step: number;
  refresh: number;
  first: number;
  every: number;
}

export interface MethodPath {
  name: string;
  positions: Encoded;
  probes: Encoded | null;
  losses: Encoded;
  heights?: Encoded;
  probe_losses: Encoded | null;
  distance: Encoded;
  curvature: Encoded;
  last_finite: number;
  arrival: number;
  /** whether it may hang at a ghost minimum */
  makes_ghosts: boolean;
  row: OutcomeRow;
  cost: CountedCost;
}

export interface Ghost {
  position: number[];
  loss: number;
  holds: boolean;
}

/** The toy lab's answer: all methods' paths. */
export interface Paths {
  steps: number;
  dimension: number;
  start: number[];
  ranges: Record<"losses" | "distance" | "curvature", [number, number]>;
  methods: MethodPath[];
  summary: string;
  ghosts?: Ghost[];
}

export interface Basin {
  centre: number[];
  radius: number;
}

export interface EncodedRelief {
  points: number;
  losses: Encoded;
  top: number;
  span: number;
}

/** A surface as it is drawn. figures: plotly's. */
export interface SurfaceAnswer {
  key: string;
  surface: string;
  scheme: string;
  title: string;
  reference: string;
  dimension: number;
  domain: [number, number][];
  basin: Basin | null;
  minima: unknown[];
  relief: EncodedRelief | null;
  figures: { map: any; relief: any };
}

/** One stage of a step under the magnifying glass. */
export interface AnatomyStage {
  key: string;
  title: string;
  formula: string;
  numbers: string;
  note: string;
}

/** A step under the magnifying glass; vectors in θ. */
export interface AnatomyAnswer {
  method: string;
  step: number;
  asked: number;
  last: number;
  diverged: boolean;
  dimension: number;
  theta: number[];
  half: number;
  radius: number;
  probing: boolean;
  learns: boolean;
  arrived: boolean;
  patch: { losses: Encoded; low: number; high: number };
  gradient: number[] | null;
  offset: number[] | null;
  probe: number[] | null;
  outer: number[] | null;
  noisy: number[] | null;
  noise: number[] | null;
  direction: number[] | null;
  velocity: number[] | null;
  displacement: number[] | null;
  image: number[][] | null;
  metric: number[][] | null;
  stages: AnatomyStage[];
}

export interface Claim {
  source: string;
  statement: string;
  verdict: string;
  counts: string;
  detail: string;
}

/** An exported scene. */
export interface SceneData {
  paths: Paths;
  step: number;
  state: Record<string, any>;
  looks: Record<string, Look>;
  scales: Record<string, string[]>;
  surface: { title: string; dimension: number; domain: [number, number][]; basin: Basin | null };
  curve?: { x: Encoded; losses: Encoded };
  colour?: { low: number; high: number; knee: number; ticks: number[]; labels: string[] };
  relief?: EncodedRelief;
}

/** An entry of a job's feed. */
export interface FeedEntry {
  number: number;
  kind: string;
  time: number;
  data: any;
}

/** What the server says of a run. */
export interface RunAnswer {
  job: string;
  description: { methods: string[]; steps: number; [setting: string]: any };
  owner: boolean;
  state: string;
  ahead: number | null;
}

/** A row of a run's curves. */
export interface RunRow {
  position: number;
  methods: Record<string, RunValues>;
}

export interface RunValues {
  loss: number;
  seconds: number;
  evaluations: number;
  products: number;
  at?: [number, number];
  off?: number;
  stopped?: boolean;
  train_loss?: number;
  test_loss?: number;
  train_accuracy?: number;
  test_accuracy?: number;
}

/** The loss on a piece of a run's plane. */
export interface GroundRow {
  losses: Encoded;
  x: [number, number];
  y: [number, number];
  stride: number;
  examples: number;
  batch_statistics?: boolean;
}

export interface LectureScene {
  title: string;
  link: string;
  notes: string[];
}

export interface SceneList {
  title: string;
  scenes: LectureScene[];
}

/** Many walkers of each method. places: uint16 in the extents, 65535 for nowhere; frames: the steps they are at. */
export interface CloudAnswer {
  sentence: string;
  what: string;
  walkers: number;
  stride: number;
  frames: number[];
  extents: [number, number][];
  methods: {
    name: string;
    places: { bdata: string };
    counts: Record<string, number>;
    arrival: number[];
    first: number | null;
    median: number | null;
    last: number | null;
  }[];
}

/** A surface among the tables of a page: its words and its own controls. */
export interface SurfaceTable {
  description: string;
  controls: Control[];
}

/** What the layout of the toy lab tells its client code. */
export interface ToyTables {
  controls: Control[];
  export: Control[];
  methods: string[];
  looks: Record<string, Look>;
  surfaces: Record<string, SurfaceTable>;
  presets: Record<string, { caption: string }>;
}
