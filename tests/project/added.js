// The client module of the instrument that added.py adds: it says what the server answered.
import { addInstrument, Instrument } from "../../assets/instruments/base.js";

/** @extends {Instrument<{ what: string, left_out?: string[] }>} */
class AddedInstrument extends Instrument {
  /** @override */
  get spoken() {
    return this.answer?.what ?? "";
  }
}

addInstrument("added", AddedInstrument);
