const { availableParallelism } = require('node:os');

// Jest starts its workers with the flags of its own process. With room for more that is new, they take a tenth less of the processor.
process.execArgv.push('--max-semi-space-size=32');

module.exports = {
  rootDir: '../dist',
  testMatch: [`<rootDir>/test/**/*.${process.env.TEST_KIND ?? 'test'}.js`],
  transform: {},
  // Packages and src are loaded once for each worker.
  runtime: '<rootDir>/test/support/worker-runtime.js',
  testEnvironment: '<rootDir>/test/support/worker-environment.js',
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  testSequencer: '<rootDir>/test/support/longest-first.js',
  // Three workers for two cores: files with time-outs wait for a quarter of their time. Jest takes "150%" for 150 workers.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testTimeout: 30_000,
};
