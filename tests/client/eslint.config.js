// What the linter looks for in the client code: mistakes that types do not see. Layout is prettier's.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: { ...globals.browser, dash_clientside: "readonly" } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-shadow": ["error", { builtinGlobals: false }],
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "no-restricted-globals": ["error", "name", "event", "length", "status", "top", "parent", "origin"],
    },
  },
  { files: ["tests/client/**"], languageOptions: { globals: globals.node } },
];
