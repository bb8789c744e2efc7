"use strict";

// Maps of decisions: a table of modules by steps, one step of which is looked at closely.
(() => {
  const data = document.getElementById("map-data");
  if (data === null) return;
  const { policies } = JSON.parse(data.textContent);
  const glyphs = { run: "●", reused: "○", extrapolated: "◐" };
  const kinds = [["attention", 0], ["feedforward", 1]];
  const byId = (id) => document.getElementById(id);
  const controls = {
    policy: byId("map-policy"),
    image: byId("map-image"),
    sample: byId("map-sample"),
    step: byId("map-step"),
  };

  const element = (name, text = "", attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const fill = (select, names) => {
    if (names.join() === [...select.options].map((option) => option.text).join()) return;
    const before = select.selectedIndex;
    select.replaceChildren(...names.map((name, index) => element("option", name, { value: index })));
    select.selectedIndex = before >= 0 && before < names.length ? before : 0;
  };

  const chosen = () => {
    const policy = policies[controls.policy.selectedIndex];
    const image = policy.images[controls.image.selectedIndex];
    return { policy, sample: image.samples[controls.sample.selectedIndex], step: Number(controls.step.value) - 1 };
  };

  const row = (policy, sample, module, step) => {
    const line = element("tr");
    line.append(element("th", policy.modules[module], { scope: "row" }));
    sample.decisions.forEach((decisions, at) => {
      const decision = decisions[module];
      const cell = element("td", glyphs[decision], { class: decision + (at === step ? " chosen" : "") });
      cell.setAttribute("aria-label", decision);
      line.append(cell);
    });
    return line;
  };

  const drawMap = ({ policy, sample, step }) => {
    const head = element("thead");
    const steps = element("tr");
    steps.append(element("th", "step", { scope: "col" }));
    sample.decisions.forEach((_, at) => {
      steps.append(element("th", String(at + 1), { scope: "col", class: at === step ? "chosen" : "" }));
    });
    head.append(steps);
    const bodies = kinds.map(([, kind]) => {
      const body = element("tbody");
      policy.modules.forEach((_, module) => {
        if (module % 2 === kind) body.append(row(policy, sample, module, step));
      });
      return body;
    });
    byId("map").replaceChildren(head, ...bodies);
  };

  const summarise = ({ policy, sample, step }) => {
    const decisions = sample.decisions[step];
    const counts = kinds.map(([name, kind]) => {
      const own = decisions.filter((_, module) => module % 2 === kind);
      return `${own.filter((decision) => decision === "run").length} of ${own.length} ${name} modules run`;
    });
    byId("map-summary").textContent =
      `Step ${step + 1} of ${sample.decisions.length}, timestep ${policy.timesteps[step]}: ${counts.join(", ")}.`;
  };

  const listScores = ({ policy, sample, step }) => {
    const head = element("tr");
    for (const name of ["module", "decision", "score", "threshold"]) head.append(element("th", name, { scope: "col" }));
    const rows = policy.modules.map((name, module) => {
      const line = element("tr");
      const score = sample.scores[step][module];
      const threshold = policy.thresholds === null ? null : policy.thresholds[module % 2];
      line.append(element("th", name, { scope: "row" }));
      for (const text of [sample.decisions[step][module], score ?? "no gate asked", threshold ?? ""]) {
        line.append(element("td", String(text)));
      }
      return line;
    });
    byId("map-scores").replaceChildren(head, ...rows);
  };

  const show = () => {
    const policy = policies[controls.policy.selectedIndex];
    fill(controls.image, policy.images.map((image) => String(image.label)));
    fill(controls.sample, policy.images[controls.image.selectedIndex].samples.map((sample) => sample.name));
    controls.step.max = policy.timesteps.length;
    const choice = chosen();
    controls.step.setAttribute("aria-valuetext", `step ${choice.step + 1} of ${policy.timesteps.length}`);
    drawMap(choice);
    summarise(choice);
    listScores(choice);
  };

  fill(controls.policy, policies.map((policy) => policy.name));
  for (const select of [controls.policy, controls.image, controls.sample]) select.addEventListener("change", show);
  controls.step.addEventListener("input", show);
  show();
})();
