// The rules for the page's modules and their tests.

import js from '@eslint/js';

// Modules that need no browser, so that node can test them. Here `document` and `fetch` are undefined names.
const WITHOUT_BROWSER = [
  'event-sequence', 'format', 'polling', 'receipt-words', 'reload-state', 'reload-words', 'slots', 'store', 'stream',
];

const readonly = (...names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: 'module' },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Mistakes.
      'array-callback-return': 'error',
      'consistent-return': 'error',
      eqeqeq: 'error',
      'no-implicit-coercion': 'error',
      'no-self-compare': 'error',
      'no-shadow': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-use-before-define': ['error', { functions: false, variables: false }],
      'require-atomic-updates': 'error',
      // Strings that become code or markup, beside what embed_test.go looks for.
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-script-url': 'error',
      // One way to write a thing.
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-template': 'error',
      // A function fits on a screen.
      complexity: ['error', { max: 12, variant: 'modified' }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['web/*.js'],
    languageOptions: { globals: readonly('performance') },
  },
  {
    files: ['web/*.js'],
    ignores: WITHOUT_BROWSER.map((name) => `web/${name}.js`),
    languageOptions: { globals: readonly('AbortSignal', 'document', 'fetch') },
  },
];
