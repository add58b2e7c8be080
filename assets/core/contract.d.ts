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
