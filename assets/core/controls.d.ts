import type { Control } from "./contract.js";

type NumberField = "scale" | "travel" | "minimum" | "maximum" | "smallest" | "step" | "digits" | "low" | "high" | "slider_step";

/** A row of the table of controls that is a number, a choice, a text, or a text of rows of numbers. */
export type NumberControl = Control & Required<Pick<Control, NumberField>>;
export type ChoiceControl = Control & Required<Pick<Control, "options">>;
export type TextControl = Control & Required<Pick<Control, "longest">>;
export type RowsControl = Omit<Control, "columns"> & Required<Pick<Control, "most">> & { columns: NumberControl[] };
