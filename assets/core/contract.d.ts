// What server and browser say to each other. Written by `python -m tests.project.contract --write`.

/** An array in base64, little-endian float32. shape: "rows, columns". */
export interface Encoded {
  dtype: "f4";
  bdata: string;
  shape: string;
}

/** A method's colour, line and marker. dash: lengths as in SVG, "" for a solid line. */
export interface Look {
  colour: string;
  colour_on_dark: string;
  width: number;
  dash: string;
  marker: string;
}

/** An array in base64, little-endian uint16. */
export interface Shorts {
  dtype: "u2";
  bdata: string;
  shape: string;
}

/**
 * The ground of map and 3-D view. values (rows, columns): c(L)/c(high) in parts of 65534, rows along θ₂; 65535
 * where there is no loss. c(L) = asinh((L − low)/knee) is the scale of colours and heights; heights end at the
 * loss `top`. ticks: losses that are written at the scale, with their labels.
 */
export interface Ground {
  columns: number;
  rows: number;
  values: Shorts;
  top: number;
  low: number;
  high: number;
  knee: number;
  ticks: number[];
  labels: string[];
}

/** L(θ) of a 1-D surface. ticks and labels: of the loss's axis; none where round numbers will do. */
export interface Curve {
  x: Encoded;
  losses: Encoded;
  ticks: number[];
  labels: string[];
}

/**
 * How a colour scheme shows a ground. stops: colours from low to high; line, sun: strength of contour lines and
 * light, negative where they darken; front, side, floor: of the block that a relief is.
 */
export interface GroundLook {
  stops: string[];
  line: number;
  sun: number;
  front: string;
  side: string;
  floor: string;
}

/**
 * A row of a table of controls. A number has the fields from `scale` on, a choice `options` (value and text), a
 * list of names `names`, a text how many characters it may have, and where it is rows of numbers, those numbers
 * and how many rows there may be.
 */
export interface Control {
  name: string;
  kind: "number" | "choice" | "names" | "text";
  group: string;
  title: string;
  label: string;
  symbol: string;
  unit: string;
  help: string;
  wants: string;
  role: "computed" | "drawn" | "view";
  kept: boolean;
  default: any;
  options?: string[][];
  names?: string[];
  longest?: number;
  columns?: Control[];
  most?: number;
  scale?: "linear" | "log" | "log or zero";
  travel?: "scale" | "root";
  minimum?: number;
  maximum?: number;
  smallest?: number;
  integer?: boolean;
  step?: number;
  digits?: number;
  low?: number;
  high?: number;
  slider_step?: number;
}

/** A control that was clamped: the value that is used, and the sentence that says so. */
export interface ClampedValue {
  name: string;
  value: number;
  sentence: string;
}

/** What is answered to a request that is refused. */
export interface Problems {
  problems: string[];
}

/** A statement with its verdict, from runs made for it. */
export interface Claim {
  statement: string;
  source: string;
  verdict: "holds" | "does not hold" | "not tested here" | "cannot be told";
  counts: string;
  detail: string;
}

/** A row of the table of outcomes. Costs to arrival are null where the method does not arrive. */
export interface OutcomeRow {
  method: string;
  outcome: string;
  sentence: string;
  settings: string | null;
  arrival: number | null;
  evaluations_to_arrival: number | null;
  evaluations: number;
  products_to_arrival: number | null;
  products: number;
  length_to_arrival: number | null;
  length: number | null;
}

/** Gradient evaluations of a step and of a refresh of U. first: the step before the first refresh, −1 for none. */
export interface CountedCost {
  step: number;
  refresh: number;
  first: number;
  every: number;
}

/** One method's run: positions (steps + 1, D), probes (steps, D), the others (steps + 1,). */
export interface MethodPath {
  name: string;
  makes_ghosts: boolean;
  positions: Encoded;
  probes: Encoded | null;
  losses: Encoded;
  probe_losses: Encoded | null;
  distance: Encoded;
  curvature: Encoded;
  last_finite: number;
  arrival: number;
  row: OutcomeRow;
  cost: CountedCost;
}

/** A fixed point that SAM's probe makes. holds: whether SAM stays at it at this learning rate. */
export interface Ghost {
  position: number[];
  loss: number;
  holds: boolean;
}

/** Lowest and highest value of each chart. */
export interface Ranges {
  losses: number[];
  distance: number[];
  curvature: number[];
}

/** All methods' runs. summary: the run in words. */
export interface Paths {
  steps: number;
  dimension: number;
  start: number[];
  ranges: Ranges;
  methods: MethodPath[];
  summary: string;
  ghosts: Ghost[];
}

/** The flat basin, or the minimum: to arrive is to come into this ball and stay. name: as sentences call it. */
export interface Basin {
  centre: number[];
  radius: number;
  name: string;
}

/** A minimum of a surface. */
export interface Minimum {
  name: string;
  position: number[];
  loss: number;
}

/** Depth and width of a pothole that shows when it is dug into this ground. */
export interface FittingPit {
  depth: number;
  width: number;
}

/** A surface as it is drawn; `key` names its parameters. ground: of a 2-D surface; curve: of a 1-D one. */
export interface SurfaceAnswer {
  key: string;
  surface: string;
  title: string;
  description: string;
  dimension: number;
  domain: number[][];
  default_start: number[];
  basin: Basin | null;
  minima: Minimum[];
  reference: string;
  pit: FittingPit;
  ground?: Ground;
  curve?: Curve;
}

/** POST /toy/compute. surface: null where the browser has it. */
export interface ToyAnswer {
  surface: SurfaceAnswer | null;
  paths: Paths;
  notices: ClampedValue[];
  left_out: string[];
}

/** POST /toy/open and /instruments/open. base: what a link to the state may leave out. */
export interface OpenedLink {
  state: Record<string, any>;
  notices: string[];
  base: Record<string, any>;
}

/** POST /toy/claims. */
export interface ClaimsAnswer {
  claims: Claim[];
}

/** The loss around θ: (points, points) on a plane, (points,) along a line. */
export interface Patch {
  points: number;
  losses: Encoded;
  low: number;
  high: number;
}

/** One vector of a step in words and numbers. */
export interface AnatomyStage {
  key: string;
  title: string;
  formula: string;
  numbers: string;
  note: string;
}

/**
 * POST /toy/anatomy: a step taken apart; vectors (D,), null where not finite. mixed: h, null where the step uses
 * g⁺; image: ρU; metric: ρU^½.
 */
export interface AnatomyAnswer {
  method: string;
  step: number;
  steps: number;
  asked: number;
  last: number;
  diverged: boolean;
  dimension: number;
  probing: boolean;
  learns: boolean;
  radius: number;
  learning_rate: number;
  theta: number[] | null;
  gradient: number[] | null;
  offset: number[] | null;
  probe: number[] | null;
  outer: number[] | null;
  mixed: number[] | null;
  noise: number[] | null;
  noisy: number[] | null;
  direction: number[] | null;
  velocity_before: number[] | null;
  velocity: number[] | null;
  displacement: number[] | null;
  arrived: number[] | null;
  names: AnatomyNames;
  image: number[][] | null;
  metric: number[][] | null;
  half: number;
  patch: Patch;
  stages: AnatomyStage[];
}

/** A minimum of the ground on the line from the basin outwards. */
export interface CutLandmark {
  name: string;
  s: number;
}

/** The part of the lines that is drawn, [low, high] along and in loss; span: of the losses that are told. */
export interface CutFrame {
  along: number[];
  losses: number[];
  span: number[];
  centre: number[];
  landmarks: CutLandmark[];
}

/**
 * One method's rows for `steps` (n). ground: base64 of profiles (P, points) as uint16 in the frame's span, and
 * `which` of them is each step's. direction (n, D), ball (n, 2) s and loss, probe (n, 3) s, loss and distance
 * from the line, slope (n,) at the probe, place (n) of the probe among the answer's words, kick (n,), moved (n,
 * 2) along and off the line. last: the last whole step.
 */
export interface CutMethod {
  name: string;
  last: number;
  steps: number[];
  ground: string;
  which: number[];
  direction: Encoded;
  ball: Encoded;
  probe: Encoded | null;
  slope: Encoded;
  place: number[];
  kick: Encoded;
  moved: Encoded;
}

/** POST /toy/cut: the loss along a line through each walker, at some steps. */
export interface CutAnswer {
  dimension: number;
  line: "basin" | "gradient" | "probe";
  points: number;
  words: string[];
  frame: CutFrame;
  methods: CutMethod[];
}

/**
 * One method's cloud. arrival: by walker, −1 for none. places: walkers' places (frames, walkers, D) in the
 * extents; 65535 stands for nowhere.
 */
export interface CloudMethod {
  name: string;
  counts: Record<string, number>;
  arrival: number[];
  median: number | null;
  first: number | null;
  last: number | null;
  places: Shorts;
}

/** POST /toy/cloud. frames: the steps that places are told at. */
export interface CloudAnswer {
  walkers: number;
  steps: number;
  frames: number[];
  stride: number;
  extents: number[][];
  methods: CloudMethod[];
  sentence: string;
  what: string;
}

/** What a step and a refresh of U cost, in the unit that is counted in. */
export interface Price {
  step: number;
  refresh: number;
}

/** POST /toy/cost: measured seconds by method. */
export interface CostAnswer {
  methods: Record<string, Price>;
  what: string;
}

/** A surface among the page's tables. */
export interface SurfaceTable {
  description: string;
  controls: Control[];
}

/** A word of the page explained. formula and cost: "" where there is none; more: the address of a page on it. */
export interface Explanation {
  key: string;
  title: string;
  text: string;
  formula: string;
  cost: string;
  more: string;
}

/** A preset's words, and its whole state. */
export interface PresetEntry {
  title: string;
  question: string;
  caption: string;
  state: Record<string, any>;
}

/** What the toy lab's page is told once. */
export interface ToyTables {
  controls: Control[];
  surfaces: Record<string, SurfaceTable>;
  methods: string[];
  compared: string[];
  groups: Record<string, string[]>;
  looks: Record<string, Look>;
  grounds: Record<string, GroundLook>;
  export: Control[];
  presets: Record<string, PresetEntry>;
  explanations: Explanation[];
  short_words: Record<string, string>;
  framed: boolean;
  page: "toy";
}

/** What the toy lab in a notebook is told once; its methods and their looks as in the page's tables. */
export interface NotebookTables {
  controls: Control[];
  methods: string[];
  groups: Record<string, string[]>;
  looks: Record<string, Look>;
  grounds: Record<string, GroundLook>;
  short_words: Record<string, string>;
}

/** What the page Methods is told once. methods: those that walk on surfaces; looks: of all. */
export interface MethodsTables {
  page: "methods";
  controls: Control[];
  methods: string[];
  looks: Record<string, Look>;
  grounds: Record<string, GroundLook>;
}

/** One method's counts at these columns and rows of the map: [row][column]. */
export interface PhasePart {
  method: string;
  columns: number[];
  rows: number[];
  arrived: number[][];
  diverged: number[][];
  median: ((number | null)[])[];
  refreshes: ((number | null)[])[];
}

/** One axis of a map. */
export interface MapAxis {
  name: string;
  title: string;
  log: boolean;
  values: number[];
}

/** A closed-form bound as a line [[x, y], …] on the map of each of the methods. kind: what it is necessary for. */
export interface Bound {
  label: string;
  kind: string;
  methods: string[];
  points: number[][];
}

/** POST /instruments/phase: a finer part of the map. */
export interface PhaseParts {
  stride: number;
  parts: PhasePart[];
  left_out?: string[];
}

/** POST /instruments/phase: the coarsest part, with what the whole map is. */
export interface PhaseAnswer {
  stride: number;
  parts: PhasePart[];
  x: MapAxis;
  y: MapAxis;
  runs: number;
  steps: number;
  costs: Record<string, Price>;
  counting: string;
  what: string;
  bounds: Bound[];
  left_out?: string[];
}

/** Counts over β × k: [row of k][column of β]. */
export interface RaceMap {
  arrived: number[][];
  diverged: number[][];
  median: ((number | null)[])[];
}

/** U's eigenvalues and the inverse curvatures along a run, at these steps. */
export interface AlongRun {
  steps: number[];
  smallest: (number | null)[];
  largest: (number | null)[];
  local: (number | null)[];
  smoothed: (number | null)[];
  arrival: number | null;
  outcome: string;
}

/** POST /instruments/race. escape, relearning: in steps. */
export interface RaceAnswer {
  decays: number[];
  intervals: number[];
  runs: number;
  maps: Record<string, RaceMap>;
  along: Record<string, AlongRun>;
  escape: number | null;
  relearning: number;
  claims: Claim[];
  what: string;
  left_out?: string[];
}

/** The best of what was tried around each learning rate. */
export interface Strip {
  method: string;
  arrived: number[];
  median: (number | null)[];
  refreshes: (number | null)[];
  loss: (number | null)[];
  rate: number[];
  radius: number[];
}

/** One setting, judged on fresh runs. */
export interface Judged {
  arrived: number;
  median: number | null;
  loss: number | null;
  refreshes: number | null;
}

/** A method at its best and at the page's setting. own: the toy lab's controls that go there. */
export interface FairnessRow {
  method: string;
  probing: boolean;
  learning_rate: number;
  radius: number;
  own: Record<string, number>;
  tuned: Judged;
  now: Judged;
}

/** The comparison within an equal budget. lengths: steps by method. */
export interface EqualCost {
  strips: Strip[];
  rows: FairnessRow[];
  sentence: string;
  unit: "steps" | "evaluations" | "seconds";
  prices: Record<string, Price>;
  budget: number;
  lengths: Record<string, number>;
  what: string;
}

/** POST /instruments/fairness. equal_cost: where another unit than steps is counted in. */
export interface FairnessAnswer {
  rates: number[];
  runs: number;
  judged_on: number;
  effort: number;
  costs: Record<string, Price>;
  strips: Strip[];
  rows: FairnessRow[];
  sentence: string;
  what: string;
  equal_cost?: EqualCost;
  left_out?: string[];
}

/** One method's map: cells[j][i] index `names`. */
export interface BasinMap {
  method: string;
  names: string[];
  cells: number[][];
  ghosts: number[][];
}

/** A minimum on the map. */
export interface NamedPlace {
  name: string;
  position: number[];
}

/** POST /instruments/basins. */
export interface BasinsAnswer {
  x: number[];
  y: number[];
  domain: number[][];
  maps: BasinMap[];
  minima: NamedPlace[];
  ghost_holds: boolean;
  what: string;
  left_out?: string[];
}

/** A closed form beside what the real step does. */
export interface Quantity {
  label: string;
  formula: string;
  kind: string;
  closed: number | null;
  simulated: number | null;
  deviation: number | null;
  agrees: boolean | null;
  fineness: number | null;
}

/**
 * A cycle in the pothole: its signs, its amplitude by closed form and followed by the real step, how many starts
 * end on it, and whether the start in view does.
 */
export interface FollowedCycle {
  word: string;
  period: number;
  closed: number;
  simulated: number;
  deviation: number;
  starts: number;
  mine: boolean;
}

/** A cycle by its signs. */
export interface NamedCycle {
  word: string;
  period: number;
}

/** The last steps of the start in view, x − x*, and the closed form's in the same phase (null without a cycle). */
export interface Orbit {
  simulated: (number | null)[];
  closed: (number | null)[];
}

/**
 * The cycles that coexist, as many of them as are listed. others: starts that end on none; mine: where the start
 * in view ends; orbit: where there are cycles.
 */
export interface Cycles {
  list: FollowedCycle[];
  longest: number;
  starts: number;
  count: number;
  others: number;
  mine: NamedCycle | null;
  orbit?: Orbit;
}

/** A bound on ρ. */
export interface WindowLine {
  name: string;
  at: number;
}

/** What becomes of SAM from the start in view, by radius. counts: radii by ending. */
export interface Window {
  radii: number[];
  ends: string[];
  lines: WindowLine[];
  counts: Record<string, number>;
  what: string;
}

/** SAM on the plane with U = diag(u): the axis that argmax U a expects; from `axis` on what the real step does. */
export interface Bouncing {
  name: string;
  u: number[];
  products: number[];
  c: number;
  expected: number;
  stable: boolean;
  axis: number | null;
  share: number | null;
  path: number[][];
  agrees: boolean | null;
}

/** POST /instruments/two-scale. */
export interface TwoScaleAnswer {
  c: number;
  edge: number;
  quantities: Quantity[];
  cycles: Cycles;
  window: Window;
  plane: Bouncing[];
  sentence: string;
  what: string;
  left_out?: string[];
}

/**
 * An instrument among the page's tables. controls, decided_by: names; compares: whether other methods may stand
 * beside the four; tables: key and name of each.
 */
export interface InstrumentEntry {
  key: string;
  controls: string[];
  decided_by: string[];
  compares: boolean;
  tables: string[][];
}

/** The colours of where walkers end. several: in their order; plain and window: by ending. */
export interface EndingColours {
  several: string[];
  plain: Record<string, string>;
  window: Record<string, string>;
}

/** What the instruments page is told once. */
export interface InstrumentTables {
  controls: Control[];
  surfaces: Record<string, SurfaceTable>;
  methods: string[];
  compared: string[];
  groups: Record<string, string[]>;
  looks: Record<string, Look>;
  grounds: Record<string, GroundLook>;
  export: Control[];
  presets: Record<string, PresetEntry>;
  explanations: Explanation[];
  short_words: Record<string, string>;
  framed: boolean;
  page: "instruments";
  instruments: InstrumentEntry[];
  own_controls: string[];
  ending_colours: EndingColours;
}

/** Rows of a job, which its kind decides. seconds_left: null while it cannot be foreseen. */
export interface Progress {
  rows: any[];
  total: number;
  seconds_left: number | null;
}

/** Another state of a job, and why. */
export interface StateChange {
  state: "queued" | "running" | "paused" | "finished" | "stopped" | "failed";
  sentence: string;
  position: number;
}

/**
 * A sentence about a job. ahead: jobs that come before it; device, parameters, examples: what a training runs
 * on, with the numbers of weights and of training examples; method: which of them was stopped.
 */
export interface Notice {
  sentence: string;
  position?: number;
  ahead?: number;
  device?: string;
  parameters?: number;
  examples?: number;
  method?: string;
  lost_worker?: boolean;
  restarted?: boolean;
  checkpoint_position?: number;
  not_kept?: string;
  kept?: boolean;
  damaged?: string;
}

/** How far something is that comes before the first step. seconds_left: of it, null while it cannot be foreseen. */
export interface Phase {
  words: string;
  done: number;
  total: number;
  seconds_left: number | null;
}

/** Settings that a run has taken up after so many steps. */
export interface SettingsChange {
  position: number;
  settings: Record<string, number>;
}

/**
 * What a job has kept, under "weights/<step>", "weights/final", "plane" and other names. labels, plane_kind,
 * extent: of the plane, with points that its picture has to hold; ranges, places, classes: of the plane of data
 * of two coordinates, with some training examples in it (n, 2) and their classes.
 */
export interface KeptResult {
  name: string;
  bytes: number;
  step?: number;
  labels?: string[];
  plane_kind?: string;
  extent?: number[][];
  ranges?: number[][];
  places?: Encoded;
  classes?: number[];
}

/** Whether the web server hears from the engine. */
export interface Connection {
  state: "lost" | "back";
  sentence: string;
}

/** The last message of a stream. */
export interface FeedEnd {
  reason: "over" | "unknown" | "unavailable" | "refused";
  sentence: string;
}

/**
 * What the stream of a job says: `data` of an entry {number, kind, time, data}, by its kind. An end has no
 * number, a heartbeat has neither that nor data.
 */
export interface FeedData {
  progress: Progress;
  state: StateChange;
  notice: Notice;
  phase: Phase;
  change: SettingsChange;
  result: KeptResult;
  connection: Connection;
  end: FeedEnd;
}

/** How long a run waits for a worker, about; at_least: the end of a run before it is not known. */
export interface Wait {
  seconds: number;
  at_least: boolean;
}

/**
 * What is said of a run. ahead: runs that are taken before it, wait: for how long it waits, null where it does
 * not wait for another run. description: its settings; settings: those changed while it ran; results: name →
 * bytes.
 */
export interface RunAnswer {
  job: string;
  id: string;
  kind: string;
  label: string;
  state: "queued" | "running" | "paused" | "finished" | "stopped" | "failed";
  sentence: string;
  description: Record<string, any>;
  position: number;
  total: number | null;
  seconds_left: number | null;
  seconds_running: number;
  ahead: number | null;
  wait: Wait | null;
  attempt: number;
  submitted: number;
  last_number: number;
  settings: Record<string, number>;
  results: Record<string, number>;
  resumable: boolean;
  owner: boolean;
}

/** What is said of a run that ships with the lab: as of any that has ended and cannot be steered. */
export interface ReplayedRun {
  job: string;
  description: Record<string, any>;
  state: "queued" | "running" | "paused" | "finished" | "stopped" | "failed";
  owner: boolean;
  ahead: number | null;
}

/** An entry of its feed. */
export interface ReplayEntry {
  kind: "progress" | "notice" | "result";
  data: any;
}

/**
 * A finished run of a preset that ships with the lab, with the surface under its paths, what several seeds say
 * of the preset's statements, and what made it.
 */
export interface Replay {
  made_by: string;
  command: string;
  versions: Record<string, string>;
  run: ReplayedRun;
  entries: ReplayEntry[];
  ground: GroundRow;
  statements: StatementsFound;
}

/**
 * POST /network/open. run: of the link, null where it has none or it cannot be had; replay: the run that ships
 * for the link's preset, where it has no run and the preset's own settings; base: what a link may leave out.
 */
export interface OpenedNetwork {
  state: Record<string, any>;
  notices: string[];
  run: RunAnswer | null;
  base: Record<string, any>;
  replay: Replay | null;
}

/** POST /network/start. */
export interface StartedRun {
  run: RunAnswer;
  notices: string[];
}

/** POST /network/explore, /network/ground, /network/statements and /network/fairness: the job to follow. */
export interface AskedJob {
  job: string;
  notices?: string[];
}

/**
 * How many examples of a half were measured, of how many, and the standard errors of their mean loss and
 * accuracy; null of a single example.
 */
export interface Sample {
  examples: number;
  of: number;
  loss: number | null;
  accuracy?: number | null;
}

/** The halves that were measured over some of their examples. */
export interface Samples {
  train?: Sample;
  test?: Sample;
}

/**
 * One method in a row: loss of the mini-batch at θ + ε, seconds and counts so far, where a plane is drawn its
 * place there (`at`) and its distance from it (`off`), and what is measured now and then; of a method that
 * learns U also cos(Ug, g), ‖Ug‖/‖g‖ and, more seldom, λmax of the inner problem. sharpness: λmax of the loss's
 * Hessian. boundary: for data of two coordinates, of each class but the last its lead over the others on a grid
 * (points, points), as parts of 65534; its border is at a half. sampled: where losses and accuracies are not
 * over all examples. seconds, evaluations, products: null where the run was trained elsewhere.
 */
export interface RunValues {
  loss: number | null;
  seconds: number | null;
  evaluations: number | null;
  products: number | null;
  stopped?: boolean;
  at?: (number | null)[];
  off?: number | null;
  train_loss?: number | null;
  test_loss?: number | null;
  train_accuracy?: number | null;
  test_accuracy?: number | null;
  sampled?: Samples;
  u_cosine?: number | null;
  u_length?: number | null;
  u_steepness?: number | null;
  sharpness?: number | null;
  boundary?: Shorts[];
}

/** A row of a run's curves. */
export interface RunRow {
  position: number;
  methods: Record<string, RunValues>;
}

/** The loss on a piece of a run's plane, coarse before fine: losses (points, points), y outer. */
export interface GroundRow {
  position: number;
  losses: Encoded;
  stride: number;
  x: number[];
  y: number[];
  examples: number;
  labels: string[];
  batch_statistics: boolean;
}

/** Colours of a map from the lowest loss to the highest, and of its contour lines. */
export interface MapColours {
  stops: string[];
  line: string;
}

/** A preset over the pictures. */
export interface PresetWords {
  title: string;
  question: string;
  caption: string;
}

/** values: by control; words: what to expect of them. */
export interface SettingsOfU {
  title: string;
  values: Record<string, any>;
  words: string;
}

/**
 * What the network page is told once. networks, data: what they are, by key; fits: data by network;
 * settings_of_u: settings of U that are one click away; statements: those of each preset.
 */
export interface NetworkTables {
  page: "network";
  controls: Control[];
  methods: string[];
  groups: Record<string, string[]>;
  looks: Record<string, Look>;
  export: Control[];
  changeable: string[];
  networks: Record<string, string>;
  data: Record<string, string>;
  fits: Record<string, string[]>;
  curves: string[];
  settings_of_u: Record<string, SettingsOfU>;
  presets: Record<string, PresetWords>;
  statements: Record<string, string[]>;
  schemes: Record<string, MapColours>;
  grounds: Record<string, GroundLook>;
}

/** The end of a job that looks at a run: how long it took, and what was found, in words. */
export interface ExploreDone {
  seconds: number;
  sentence: string;
}

/** The same of one that has made so many curvature products. */
export interface MeasuredDone {
  seconds: number;
  sentence: string;
  products: number;
}

/** A point of the weights' space on the plane, in words. */
export interface SliceMark {
  words: string;
  at: number[];
}

/**
 * What a slice's picture will show. y: null for a line. step: the kept step in its middle, steps: all that are
 * kept; paths: projected coordinates (steps, axes).
 */
export interface SlicePlane {
  axes: number;
  labels: string[];
  kind: string;
  normalisation: string;
  x: Encoded;
  y: Encoded | null;
  around: string;
  step: number;
  steps: number[];
  marks: SliceMark[];
  dimension: number;
  examples: number;
  of_examples: number;
  half: "train" | "test";
  paths: Record<string, Encoded>;
}

/**
 * The losses so far, (points of y, points of x). error: of an adaptive one, as a part of the range. sampled: of
 * a first one that is not over all the examples asked for, and has no exact points.
 */
export interface SlicePicture {
  losses: Encoded;
  evaluated: number;
  stride?: number;
  error?: number | null;
  sampled?: SliceSample;
}

/**
 * What the projection of a method's path leaves out: the share of its variance that is shown (null where it does
 * not move), and by kept step the distance off the plane and from the middle, the true loss and the drawn one.
 */
export interface PathHonesty {
  captured: number | null;
  distance: Encoded;
  displacement: Encoded;
  true: Encoded;
  drawn: Encoded;
}

/** The end of a slice. From `error` on: of an adaptive one; from `standard_error` on: of a sample of the data. */
export interface SliceDone {
  seconds: number;
  sentence: string;
  way: "progressive" | "adaptive" | "exact";
  evaluations: number;
  low: number;
  high: number;
  error?: number;
  fresh?: number;
  relative_error?: number;
  tolerance?: number;
  met?: boolean;
  logarithmic?: boolean;
  described?: string;
  standard_error?: number;
  largest_standard_error?: number;
  error_points?: number;
}

/** A row of a slice. evaluated: points that are exact, where the picture is drawn at the end only. */
export interface SliceRow {
  position: number;
  plane?: SlicePlane;
  picture?: SlicePicture;
  honesty?: Record<string, PathHonesty>;
  evaluated?: number;
  done?: SliceDone;
}

/** POST /network/explore/pictures: what is drawn of a slice, the ground of a plane or the curve of a line. */
export interface SliceFigures {
  ground: Ground | null;
  curve: Curve | null;
  domain: number[][];
  labels: string[];
}

/** What is measured: the steps, ascending, and over which examples. */
export interface CurvatureAbout {
  steps: number[];
  methods: string[];
  half: "train" | "test";
  examples: number;
  dimension: number;
}

/** A place without numbers, and why. values, density: empty, where a density was asked for. */
export interface NotMeasured {
  method: string;
  step: number;
  products: number;
  problem: string;
  values?: Encoded;
  density?: Encoded;
}

/**
 * The product of the layers' spectral norms, null where there is no dense or convolutional layer; the path norm,
 * or null and a sentence why there is none.
 */
export interface WeightNorms {
  spectral_product: number | null;
  path_norm: number | null;
  no_path_norm: string;
}

/**
 * Eigenvalues with residuals, trace with standard error and SAM's sharpness at a method's weights; at step 0,
 * where all methods stand, `method` is empty. rises: of the loss, by step of ascent.
 */
export interface MeasuredCurvature {
  spectral_product: number | null;
  path_norm: number | null;
  no_path_norm: string;
  method: string;
  step: number;
  loss: number;
  eigenvalues: number[];
  residuals: number[];
  converged: boolean[];
  eigenvalue_products: number;
  trace: number;
  trace_error: number | null;
  probes: number;
  sharpness: number;
  one_step: number;
  rises: number[];
  radius: number;
  ascent: number;
  products: number;
  seconds: number;
}

/** The density of the Hessian's eigenvalues (points,) at these values, by Lanczos from random starts. */
export interface SpectralDensity {
  method: string;
  step: number;
  products: number;
  values: Encoded;
  density: Encoded;
  trace: number;
  trace_error: number | null;
  starts: number;
  steps: number;
}

/** A row of a measurement of curvature. */
export interface CurvatureRow {
  position: number;
  about?: CurvatureAbout;
  measured?: MeasuredCurvature | NotMeasured;
  density?: SpectralDensity | NotMeasured;
  done?: MeasuredDone;
}

/**
 * Whose weights lie at the ends, in words, and how far apart; t: the points of the way. statistics: null without
 * batch normalisation.
 */
export interface BetweenAbout {
  first: string;
  second: string;
  distance: number;
  t: Encoded;
  examples: number;
  of_examples: number;
  statistics: "kept" | "re-estimated" | null;
}

/**
 * The losses along a way, (points,), its height above the line between the ends, and where that is; the height
 * is null where a loss is not finite, the standard error also where examples have no loss of their own.
 */
export interface WayBetween {
  way: "straight" | "curve";
  losses: Encoded;
  barrier: number | null;
  barrier_error: number | null;
  highest: number;
}

/** How far the curve's middle is trained, and the mean loss of the steps since the last row. */
export interface CurveTraining {
  step: number;
  steps: number;
  loss: number;
}

/** A row of the way between two solutions. */
export interface BetweenRow {
  position: number;
  about?: BetweenAbout;
  line?: WayBetween;
  training?: CurveTraining;
  done?: ExploreDone;
}

/** Whose weights are rescaled, which two layers, and where the lines are taken. */
export interface RescalingAbout {
  around: string;
  layers: string[];
  x: Encoded;
  examples: number;
  factors: number[];
}

/** The network rescaled by a factor α. Differences: from α = 1, as parts of the range (loss_difference: itself). */
export interface RescaledNetwork {
  spectral_product: number | null;
  path_norm: number | null;
  no_path_norm: string;
  factor: number;
  loss_difference: number;
  output_difference: number;
  eigenvalue: number;
  residual: number;
  converged: boolean;
  products: number;
  trace: number;
  trace_error: number | null;
  probes: number;
  sharpness: number;
  radius: number;
  ascent: number;
  slice_difference: number;
  plain_slice_difference: number;
  filter_line: Encoded;
  plain_line: Encoded;
}

/** A row of a demonstration. */
export interface RescalingRow {
  position: number;
  about?: RescalingAbout;
  measured?: RescaledNetwork;
  done?: ExploreDone;
}

/** What is cut: the kept step, the points t of each cut, in lengths of the weights, and over how many examples. */
export interface CutsAbout {
  methods: string[];
  step: number;
  t: Encoded;
  directions: number;
  examples: number;
  of_examples: number;
}

/** Of a method both losses (points,), as means over so many directions. */
export interface Cut {
  method: string;
  directions: number;
  train: Encoded;
  test: Encoded;
}

/**
 * A solution's losses, the rise of the first to the ends of its cuts, ‖θ‖, the largest eigenvalue, and relative
 * to its weights it and the trace.
 */
export interface MeasuredSolution {
  method: string;
  train_loss: number;
  test_loss: number;
  rise: number;
  length: number;
  eigenvalue: number;
  relative_eigenvalue: number;
  converged: boolean;
  relative_trace: number;
  relative_trace_error: number;
  products: number;
}

/** A method without numbers, and why. */
export interface NoSolution {
  method: string;
  problem: string;
}

/** A row of the cuts through all solutions. */
export interface CutsRow {
  position: number;
  about?: CutsAbout;
  cut?: Cut;
  solution?: MeasuredSolution | NoSolution;
  done?: ExploreDone;
}

/** What is measured: the methods that learn U, at their weights of this step; ρ, batches, examples of H. */
export interface PotholesAbout {
  methods: string[];
  step: number;
  radius: number;
  batches: number;
  examples: number;
}

/**
 * How many times longer a probe makes a step along some directions, the same to first order in it, and what the
 * first order misses, as a part of what the probe adds.
 */
export interface ProbeGain {
  gain: number;
  first_order_gain: number;
  first_order_error: number;
}

/**
 * Directions v of a kind: vᵀHv and vᵀH̄v of each; a probe's gain without U and with; how many times what it adds
 * without it adds with U, direction by direction (null where that is nothing), the same to first order, and for
 * all together, batch by batch.
 */
export interface DirectionsOfAKind {
  kind: string;
  here: number[];
  average: number[];
  plain: ProbeGain;
  learned: ProbeGain;
  factors: (number | null)[];
  first_order_factors: (number | null)[];
  factor: PairedSeeds;
}

/** A method's directions, the steps that H̄ is the mean over, and statements. converged: all eigenvectors. */
export interface MeasuredPotholes {
  method: string;
  points: number[];
  converged: boolean;
  groups: DirectionsOfAKind[];
  claims: JudgedStatement[];
  products: number;
}

/** A method without numbers, and why. */
export interface NoPotholes {
  method: string;
  points: number[];
  products: number;
  problem: string;
}

/** A row of a measurement of potholes. */
export interface PotholesRow {
  position: number;
  about?: PotholesAbout;
  measured?: MeasuredPotholes | NoPotholes;
  done?: MeasuredDone;
}

/**
 * One method against another, as a ratio or as a difference in `unit`, seed by seed (each: "seed", or "batch"):
 * a value for each, null where one of the two has none; their mean, its standard error (null for ratios) and
 * interval, null where there are too few; where the statement wants the mean, between above and below, null for
 * no bound.
 */
export interface PairedSeeds {
  words: string;
  unit: string;
  ratio: boolean;
  each: string;
  values: (number | null)[];
  mean: number | null;
  error: number | null;
  low: number | null;
  high: number | null;
  above: number | null;
  below: number | null;
  verdict: string;
  counts: string;
}

/** A statement with the comparisons that its verdict rests on. */
export interface JudgedStatement {
  statement: string;
  source: string;
  verdict: "holds" | "does not hold" | "not tested here" | "cannot be told";
  counts: string;
  detail: string;
  pairs: PairedSeeds[];
}

/**
 * A method's last values: [mean, standard error] over the seeds that came to their end; stopped: those that did
 * not.
 */
export interface MethodOverSeeds {
  method: string;
  stopped: number;
  train_loss: (number | null)[];
  test_loss: (number | null)[];
  test_accuracy: (number | null)[];
  evaluations: (number | null)[];
  seconds: (number | null)[];
}

/** What the seeds that are done say. */
export interface StatementsFound {
  seeds: number[];
  claims: JudgedStatement[];
  methods: MethodOverSeeds[];
}

/** A row of the job: steps done, of all methods and seeds. waiting: it gives way to what goes before it. */
export interface StatementsRow {
  position: number;
  waiting?: boolean;
  found?: StatementsFound;
}

/**
 * The settings that a method is tuned over: learning rate and radius of each (radii empty where it has none),
 * and what the first round, in which each makes so many `steps`, says of them, null where it stopped or is still
 * to come; best: which of them is the method's best by now, null before one came to its end. evaluations,
 * seconds: what the tuning took, runs that stopped left out.
 */
export interface TunedOverGrid {
  method: string;
  rates: number[];
  radii: number[];
  values: (number | null)[];
  steps: number;
  best: number | null;
  evaluations: number;
  seconds: number;
}

/** The statements, where every method is given the same steps, gradient evaluations, or processor seconds. */
export interface ClaimsByCost {
  steps: JudgedStatement[];
  evaluations: JudgedStatement[];
  seconds: JudgedStatement[];
}

/**
 * A method's mean over seeds of what is tuned for, by measurement, with the interval of the mean (null where
 * there are too few) and the mean costs until there.
 */
export interface CurveOverSeeds {
  method: string;
  steps: number[];
  evaluations: number[];
  seconds: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

/** What the seeds that are done say of the methods, each at its best setting. */
export interface ComparisonFound {
  seeds: number[];
  claims: ClaimsByCost;
  methods: MethodOverSeeds[];
  curves: CurveOverSeeds[];
}

/** A row of the job. position: steps of what is planned; waiting: it gives way to what goes before it. */
export interface TuningRow {
  position: number;
  waiting?: boolean;
  tuned?: TunedOverGrid[];
  judged?: ComparisonFound;
}

/** One scene; notes are paragraphs. The rest is "", empty or 0 where the scene file does not say it. */
export interface LectureScene {
  title: string;
  link: string;
  notes: string[];
  part: string;
  say: string;
  turn: string[];
  show: string[];
  ask: string;
  answer: string;
  goal: string;
  solution: string;
  goal_words: string;
  solution_words: string;
  minutes: number;
}

/** GET /lecture/scenes, GET /lecture/exercises and POST /lecture/check. */
export interface SceneList {
  title: string;
  scenes: LectureScene[];
}

/** One condition of a goal in words, whether it holds, and what was found. */
export interface GoalCondition {
  wanted: string;
  holds: boolean;
  found: string;
}

/** POST /lecture/try: whether an exercise is solved. */
export interface GoalAnswer {
  solved: boolean;
  conditions: GoalCondition[];
}

/** A line. look: whose colour, line and marker it wears; dots: a marker at every point, and no line. */
export interface PaperSeries {
  name: string;
  look: string;
  x: number[];
  y: (number | null)[];
  dots: boolean;
}

/** A chart, drawn into the place of that id. x, y: the axes' titles; log_x, log_y: logarithmic axes. */
export interface PaperChart {
  id: string;
  x: string;
  y: string;
  log_x: boolean;
  log_y: boolean;
  series: PaperSeries[];
}

/** What the page Paper is told once. looks: of all names that a series wears. */
export interface PaperTables {
  page: "paper";
  controls: Control[];
  looks: Record<string, Look>;
  charts: PaperChart[];
}
