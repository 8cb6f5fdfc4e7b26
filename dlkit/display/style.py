"""How every lab looks, in one place.

Surfaces and text take the variables of the JupyterLab theme, with plain colours behind them where
there is no theme; data takes the palette of `dlkit.plots.style`.
"""

LAB_CSS = """
.dlkit-lab { --dlkit-accent: #0072B2; padding: 10px 12px; border-radius: 6px;
  border: 1px solid var(--jp-border-color2, #ddd); background: var(--jp-layout-color1, #fff);
  color: var(--jp-ui-font-color0, #111); box-sizing: border-box; max-width: 1280px; }
.dlkit-lab h3 { margin: 0 0 2px; font-size: 16px; line-height: 1.3; }
.dlkit-lab p { margin: 2px 0; font-size: 13px; line-height: 1.45; }
.dlkit-lab .dlkit-goal { border-left: 4px solid var(--dlkit-accent); padding-left: 8px; }
.dlkit-lab .dlkit-group { font-weight: 600; font-size: 12px; margin: 8px 0 0; }
.dlkit-lab .dlkit-sentence { font-size: 13px; line-height: 1.45; min-height: 38px; }
.dlkit-lab .dlkit-message { font-size: 13px; line-height: 1.45; min-height: 20px; }
.dlkit-lab .dlkit-message strong { border-bottom: 2px solid #D55E00; }
.dlkit-lab details { font-size: 12px; margin-top: 6px; }
.dlkit-lab summary { cursor: pointer; }
.dlkit-lab dl dt { font-weight: 600; margin: 4px 0 0; float: none; width: auto; }
.dlkit-lab dl dd { margin: 0 0 0 12px; padding: 0; float: none; width: auto; }
.dlkit-lab .dlkit-stops .widget-readout { pointer-events: none; } /* it stops at its stops only */
.dlkit-lab table { border-collapse: collapse; font-size: 12px; }
.dlkit-lab th, .dlkit-lab td { padding: 2px 8px; border: 1px solid var(--jp-border-color2, #ddd);
  text-align: right; }
.dlkit-lab th { text-align: left; }
.dlkit-lab caption { text-align: left; font-weight: 600; padding: 4px 0 2px; }
.dlkit-lab .right { font-weight: 700; text-decoration: underline; }
.dlkit-lab .dlkit-report { display: flex; flex-wrap: wrap; gap: 4px 22px; align-items: flex-start;
  overflow-x: auto; }
.dlkit-lab .dlkit-report > p, .dlkit-lab .dlkit-report > ol { flex: 1 0 100%; }
.dlkit-lab .dlkit-met { border-left: 4px solid #009E73; padding: 4px 8px; margin: 4px 0;
  font-size: 13px; line-height: 1.45; }
.dlkit-lab .dlkit-so-far { min-height: 57px; } /* three lines: what stands below stays in place */
.dlkit-lab .dlkit-scroll { overflow-x: auto; }
@media (max-width: 1040px) { /* where the picture stands below the controls, these take two columns */
  .dlkit-lab .dlkit-controls { display: block; flex: 1 1 100% !important; columns: 308px 2; }
  .dlkit-lab .dlkit-controls > * { break-inside: avoid; } }
.dlkit-lab .widget-html-content { line-height: 1.45; }
.dlkit-lab .dlkit-main button, .dlkit-lab button.dlkit-main { font-weight: 600; }
.dlkit-lab button:focus-visible, .dlkit-lab input:focus-visible, .dlkit-lab select:focus-visible,
.dlkit-lab .noUi-handle:focus-visible { outline: 3px solid #E69F00; outline-offset: 1px; }
"""

CONTROL_WIDTH = "308px"
LABEL_WIDTH = "108px"
