import type { Control } from "./contract.js";

type NumberField = "scale" | "travel" | "minimum" | "maximum" | "smallest" | "step" | "digits" | "low" | "high" | "slider_step";

/** A row of the table of controls that is a number, and one that is a choice. */
export type NumberControl = Control & Required<Pick<Control, NumberField>>;
export type ChoiceControl = Control & Required<Pick<Control, "options">>;
