// What Python wrote into the page: the graph, as data.

const $ = (id) => document.getElementById(id);
const graph = JSON.parse($("graph").textContent);
const { nodes, edges, ops, views } = graph;
const order = Object.keys(nodes); // inputs come before the nodes that use them
const canChange = Object.keys(graph.whatIf.function).length > 0;

const isProgram = order.some((id) => nodes[id].facts.code); // its boxes are lines of code
document.body.classList.toggle("program", isProgram);
