// The page of charts: one file that needs nothing else. uPlot draws; its code is inlined.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Report } from './report.ts';

const { resolve } = createRequire(import.meta.url);
const read = (file: string) => readFileSync(file, 'utf8');
const own = (name: string) => read(path.join(import.meta.dirname, 'page', name));

export function pageOf(report: Report): string {
  const scripts: Record<string, string> = {
    'uplot.js': read(resolve('uplot/dist/uPlot.iife.min.js')),
    'page.js': own('page.js'),
    // As JSON it could hold the end of its own element.
    'report.json': JSON.stringify({ ...report, metrics: undefined }).replaceAll('<', '\\u003c'),
  };
  const styles: Record<string, string> = { 'uplot.css': read(resolve('uplot/dist/uPlot.min.css')), 'page.css': own('page.css') };
  return own('page.html')
    .replace(/<link rel="stylesheet" href="(.+?)" ?\/?>/g, (_, name) => `<style>${styles[name]}</style>`)
    .replace(/(<script.*?) src="(.+?)">/g, (_, head, name) => `${head}>${scripts[name]}`);
}
