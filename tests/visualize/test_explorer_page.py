"""The explorer page in a real browser: click, step, fold, search, change a number; no error on the console."""

from __future__ import annotations

import json

import numpy as np
import pytest
from browser import launched

import tinygrad_loss as tg
from tinygrad_loss.visualize.wording import number

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    playwright, started = launched()
    yield started
    started.close()
    playwright.stop()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a graph's page; at the end there must have been no error, and nothing asked of a network."""
    troubles, asked, pages = [], [], []

    def opened(tensor, hash="", **options):
        path = tg.explore(tensor, **options).save(tmp_path / f"page{len(pages)}.html")
        page = browser.new_page(viewport={"width": 1300, "height": 800})
        pages.append(page)
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{path.as_uri()}#{hash}")
        page.wait_for_selector("html[data-ready=true]", state="attached")
        return page

    yield opened
    for page in pages:
        page.close()
    assert troubles == []
    assert all(url.startswith("file:") for url in asked)


def product():
    w = tg.tensor(2.0, requires_grad=True, name="w")
    x = tg.tensor(-3.0, requires_grad=True, name="x")
    return w, x, tg.tanh(w * x + 6.8) * w


def network():
    tg.set_random_seed(3)
    model = tg.Sequential(
        [
            tg.layers.Dense(6, activation="tanh"),
            tg.layers.Dense(5, activation="relu"),
            tg.layers.Dense(1),
        ]
    )
    x = np.linspace(-1, 1, 24).reshape(8, 3)
    return model, x, tg.losses.MeanSquaredError()(np.ones((8, 1)), model(x))


def shown_box(page, identity, part):
    return page.locator(f'svg.shown .node[data-id="{identity}"] .{part}').text_content()


def boxes(page):
    return page.locator("svg.shown .node").evaluate_all("found => found.map(each => each.dataset.id)")


def caption(page):
    return page.locator("#caption").text_content()


def panel(page):
    return page.locator("#panel").inner_text()


def click_box(page, identity):
    page.locator(f'svg.shown .node[data-id="{identity}"] > rect').click()


def test_every_box_shows_its_value_and_gradient(open_page):
    _, _, loss = product()
    page = open_page(loss)
    graph = tg.explore(loss).graph
    for record in graph.nodes.values():
        if record.kind != "constant":
            assert shown_box(page, record.id, "value") == number(record.value)
            assert shown_box(page, record.id, "gradient") == f"∇ {number(record.gradient)}"


def test_numbers_read_as_in_python(open_page):
    values = [0.0, -0.0, 6.0, 1 / 3, 1e-5, 123456.0, 9999.6, 0.00012345, -1e300, np.inf, -np.inf, np.nan, 99995.0, 1e4]
    leaves = [tg.tensor(value, requires_grad=True, name=f"v{place}") for place, value in enumerate(values)]
    with np.errstate(all="ignore"):
        total = leaves[0]
        for leaf in leaves[1:]:
            total = total + leaf
    page = open_page(total)
    graph = tg.explore(total).graph
    for leaf, value in zip(leaves, values, strict=True):
        assert shown_box(page, graph.find(leaf, "around"), "value") == number(value)


def test_steps_go_forward_then_backward_and_add_each_contribution(open_page):
    w, _, loss = product()
    page = open_page(loss, hash="0")
    graph = tg.explore(loss).graph
    first = next(record for record in graph.nodes.values() if record.kind == "op")
    assert shown_box(page, first.id, "value") == ""
    page.click("#next")
    assert caption(page).startswith("Forward 1 of 4: multiply")
    assert shown_box(page, first.id, "value") == "-6.0"
    page.keyboard.press("b")
    assert "Backward starts" in caption(page)
    where = graph.find(w, "around")
    seen = [caption(page)]
    while not seen[-1].startswith("Backward 6 of 6"):
        page.keyboard.press("ArrowRight")
        seen.append(caption(page))
    to_w = [text for text in seen if "passes to w" in text]
    assert len(to_w) == 2
    assert "0 → " in to_w[0]
    assert "complete" not in to_w[0]
    assert to_w[1].endswith(f"→ {number(graph.nodes[where].gradient)}, complete")
    page.click("#previous")
    page.click("#first")
    assert caption(page).startswith("Before the first step")
    assert shown_box(page, where, "gradient") == ""
    page.click("#last")
    assert shown_box(page, where, "gradient") == f"∇ {number(graph.nodes[where].gradient)}"


def test_the_slider_and_the_keys_reach_every_step(open_page):
    *_, loss = product()
    page = open_page(loss)
    last = int(page.locator("#steps").get_attribute("max"))
    page.locator("#steps").evaluate("each => { each.value = 2; each.dispatchEvent(new Event('input')); }")
    assert caption(page).startswith("Forward 2")
    page.locator("#stage").click(position={"x": 5, "y": 5})
    page.keyboard.press("End")
    page.wait_for_function("last => location.hash.startsWith(`#step=${last}&`)", arg=last)
    page.keyboard.press("Home")
    page.wait_for_function("location.hash.startsWith('#step=0&')")
    page.click("#play")
    page.wait_for_function("location.hash.startsWith('#step=2&')")
    page.click("#play")


def test_a_click_shows_all_of_a_value(open_page):
    w = tg.tensor([[1.0, -2.0], [3.0, 0.5]], requires_grad=True, name="w")
    with tg.record_lines(True):
        y = np.exp(w)
    loss = (y * [[1.0, 2.0], [3.0, 4.0]]).sum()
    page = open_page(loss, names={"y": y})
    where = tg.explore(loss).graph.find(y, "around")
    click_box(page, where)
    text = panel(page)
    for wanted in ("y = eˣ", "(2, 2) float64", "32 B", "y = np.exp(w)", "@elementwise", "table / image"):
        assert wanted in text, wanted
    rows = page.locator("#panel table").first.locator("td").all_text_contents()
    assert rows == [number(each) for each in y.detach().numpy().ravel()]
    assert page.evaluate("location.hash").endswith(f"node={where}")
    page.locator("#panel details summary").first.click()
    assert "local derivative" in panel(page)
    page.locator("#panel button", has_text="table / image").first.click()
    drawn = page.locator("#panel canvas").first
    wide = drawn.evaluate("each => each.width")
    assert wide == drawn.evaluate("each => each.height") == 48
    pixel = "(each, at) => [...each.getContext('2d').getImageData(at, at, 1, 1).data].slice(0, 3)"
    assert drawn.evaluate(pixel, 1) != drawn.evaluate(pixel, wide - 2)
    page.locator("#panel a", has_text="w").first.click()
    assert page.locator("#panel h2").text_content() == "w"
    page.keyboard.press("Escape")
    assert "what if" in panel(page)


def test_layers_fold_and_no_arrow_leads_nowhere(open_page):
    _, _, loss = network()
    page = open_page(loss)
    graph = tg.explore(loss).graph
    assert set(boxes(page)) == set(graph.nodes)
    for view in ("layers", "layers, 2 deep", "all nodes"):
        page.locator("#views button", has_text=view).first.click()
        there = {each.removeprefix("n") for each in boxes(page)}
        arrows = page.locator("svg.shown .edge").evaluate_all("found => found.map(each => each.dataset.id.slice(1))")
        assert arrows
        for arrow in arrows:
            ends, _, _ = arrow.rpartition("_")
            assert any(ends == f"{a}_{b}" for a in there for b in there), arrow
        empty = page.locator("svg.shown .edge .head").evaluate_all(
            "found => found.filter(each => !each.getAttribute('d'))"
        )
        assert empty == []
    page.locator("#views button", has_text="2 deep").click()
    folded = next(each for each in boxes(page) if each.startswith("layer_"))
    click_box(page, folded)
    assert page.locator("#panel h2").text_content() == "dense"
    page.locator("#panel button", has_text="unfold").click()
    assert set(boxes(page)) == set(graph.nodes)


def test_the_gradients_in_the_page_are_those_of_the_engine(open_page):
    model, _, loss = network()
    page = open_page(loss)
    data = json.loads(page.locator("#graph").text_content())
    graph = tg.explore(loss).graph
    loss.backward()
    for weight in model.trainable_weights:
        found = data["nodes"][graph.find(weight, "around")]["gradient"]
        np.testing.assert_allclose(np.reshape(found["cells"], found["shape"]), weight.grad.numpy(), rtol=1e-5)


def test_search_finds_by_name_op_layer_and_shape(open_page):
    _, _, loss = network()
    page = open_page(loss)
    for text, count in (("tanh", 1), ("dense_1", 4), ("(6, 5)", 1), ("kernel", 3), ("nothing such", 0)):
        page.fill("#search", text)
        assert page.locator("#found").text_content() == f"{count} found"
        assert page.locator("svg.shown .node:not(.missed)").count() == count
    page.fill("#search", "kernel")
    page.press("#search", "Enter")
    page.press("#search", "Enter")
    assert page.locator("#found").text_content() == "2 of 3"
    assert page.locator("#panel h2").text_content() == "dense_1.kernel"


def test_zoom_drag_and_fit_move_the_picture(open_page):
    *_, loss = product()
    page = open_page(loss)

    def place():
        return page.locator("svg.shown").evaluate("each => each.style.transform")

    fitted = place()
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -400)
    page.wait_for_function("text => document.querySelector('svg.shown').style.transform !== text", arg=fitted)
    zoomed = place()
    page.mouse.move(20, 400)
    page.mouse.down()
    page.mouse.move(120, 450)
    page.mouse.up()
    assert place() != zoomed
    assert place().split("scale")[1] == zoomed.split("scale")[1]
    page.keyboard.press("f")
    assert place() == fitted


def test_the_theme_and_the_state_are_in_the_address(open_page):
    w, _, loss = product()
    where = tg.explore(loss).graph.find(w, "around")
    page = open_page(loss, hash=f"step=3&node={where}&theme=dark&view=full")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert caption(page).startswith("Forward 3")
    assert page.locator("#panel h2").text_content() == "w"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.wait_for_function("location.hash.includes('theme=light')")
    page.evaluate("location.hash = '5'")
    page.wait_for_function("document.querySelector('#caption').textContent.startsWith('Backward starts')")


def test_the_back_button_returns_to_the_value_that_was_chosen_before(open_page):
    w, x, loss = product()
    graph = tg.explore(loss).graph
    page = open_page(loss)
    for each in (w, x):
        click_box(page, graph.find(each, "around"))
        page.keyboard.press("Home")  # a step is no place to come back to
    assert page.locator("#panel h2").text_content() == "x"
    page.go_back()
    page.wait_for_function("document.querySelector('#panel h2').textContent === 'w'")
    page.go_back()
    page.wait_for_function("document.querySelector('#panel').textContent.includes('what if')")
    page.go_forward()
    page.wait_for_function("document.querySelector('#panel h2').textContent === 'w'")
    page.reload()
    page.wait_for_selector("html[data-ready=true]", state="attached")
    assert page.locator("#panel h2").text_content() == "w"
    assert caption(page).startswith("Before the first step")


def test_a_narrow_window_holds_the_picture_the_panel_and_the_caption(open_page):
    w, _, loss = product()
    page = open_page(loss)
    page.set_viewport_size({"width": 400, "height": 760})
    click_box(page, tg.explore(loss).graph.find(w, "around"))
    for part in ("#stage", "#panel", "#caption", "#next", "#steps", "#search"):
        place = page.locator(part).bounding_box()
        assert place["x"] >= 0, part
        assert place["x"] + place["width"] <= 400, part
        assert place["y"] + place["height"] <= 760, part
    stage = page.locator("#stage").bounding_box()
    page.keyboard.press("f")
    for box in page.locator("svg.shown .node").all():
        place = box.bounding_box()
        assert place["y"] + place["height"] <= stage["y"] + stage["height"]


def test_texts_stay_inside_their_boxes(open_page):
    tg.set_random_seed(0)
    model = tg.Sequential(
        [tg.layers.Conv2D(12, 3, activation="relu"), tg.layers.BatchNormalization(), tg.layers.MaxPooling2D(2)]
    )
    loss = np.mean(model(np.random.default_rng(0).normal(size=(16, 14, 14, 3)), training=True) ** 2)
    page = open_page(loss)
    for view in ("layers, 2 deep", "all nodes"):
        page.locator("#views button", has_text=view).click()
        over = page.evaluate(
            """() => [...document.querySelectorAll("svg.shown .node")].flatMap((node) => {
              const right = node.querySelector("rect").getBoundingClientRect().right;
              const texts = [...node.querySelectorAll("text")];
              return texts.filter((each) => each.getBoundingClientRect().right > right).map((each) => each.textContent);
            })"""
        )
        assert over == []


def test_stepping_back_and_forth_shows_what_a_jump_shows(open_page):
    _, _, loss = network()
    page = open_page(loss)
    last = int(page.locator("#steps").get_attribute("max"))
    shown = "() => document.querySelector('svg.shown').textContent"
    go = "step => { location.hash = `step=${step}&theme=${step % 2 ? 'light' : 'dark'}`; }"
    seen = {}
    page.keyboard.press("Home")
    for step in range(last + 1):
        seen[step] = page.evaluate(shown)
        page.keyboard.press("ArrowRight")
    for step in (last - 1, 3, last // 2, 0, last):
        page.evaluate(go, step)
        page.wait_for_function("step => document.querySelector('#steps').value === String(step)", arg=step)
        assert page.evaluate(shown) == seen[step], step
    fresh = open_page(loss, hash=str(last // 2))
    assert fresh.evaluate(shown) == seen[last // 2]


def test_the_keys_are_listed_and_boxes_are_reached_by_tab(open_page):
    *_, loss = product()
    page = open_page(loss)
    page.click("#help")
    assert "one step back" in page.locator("#keys").inner_text()
    page.locator("#keys button").click()
    page.locator("svg.shown .node").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("svg.shown .node.selected").count() == 1


ELEMENTARY = {
    "arithmetic": lambda a, b: (a + b) * a - b / a + (-b),
    "powers": lambda a, b: a**3 + a**b + np.sqrt(a * a + 1.0) + np.square(b),
    "exp and log": lambda a, b: np.exp(-a) * np.log(a + 5.0) + np.log1p(np.exp(b)) + np.expm1(a) + np.log2(a + 5.0),
    "trigonometry": lambda a, b: (
        np.sin(a) * np.cos(b) + np.tan(a * 0.3) + np.arctan2(a, b) + np.arcsin(np.sin(b) * 0.5)
    ),
    "hyperbolic": lambda a, b: np.sinh(a) + np.cosh(b) + np.tanh(a * b) + np.arcsinh(b),
    "relu and sigmoid": lambda a, b: tg.relu(a - b) + tg.sigmoid(a * b) + tg.relu(-a) * 3.0,
    "other activations": lambda a, b: (
        tg.softplus(a) + tg.silu(b) + tg.leaky_relu(-a) + tg.elu(-b) + tg.log_sigmoid(a) + tg.relu6(b) + tg.mish(a)
    ),
    "max and min": lambda a, b: np.maximum(a, b) * np.minimum(a, 2.0) + np.abs(b),
    "clip": lambda a, b: np.clip(a, -1.0, 1.0) * b + np.hypot(a, b),
    "sums and shapes of one number": lambda a, b: np.mean(np.square(a - b).reshape(1, 1)) + np.sum(a * b) * 2.0,
}


@pytest.mark.parametrize("name", ELEMENTARY)
def test_what_if_follows_the_engine(open_page, name):
    """A number changed in the page gives every value and gradient that the engine computes with that number."""
    function = ELEMENTARY[name]

    def computed(a, b):
        leaves = [tg.tensor(x, requires_grad=True, name=each) for each, x in (("a", a), ("b", b))]
        return tg.explore(function(*leaves)).graph, function(*leaves)

    graph, loss = computed(1.3, 0.7)
    page = open_page(loss)
    for a, b in ((2.5, 0.7), (2.5, 3.25), (1.3, 1.3), (0.4, 0.9)):
        for each, x in (("a", a), ("b", b)):
            page.get_by_label(f"{each}, number").fill(str(x))
        wanted, _ = computed(a, b)
        for identity in graph.nodes:
            record = wanted.nodes[identity]
            if record.kind != "constant":
                assert shown_box(page, identity, "value") == number(np.ravel(record.value)[0]), record.title
            if record.gradient is not None:
                assert shown_box(page, identity, "gradient") == f"∇ {number(np.ravel(record.gradient)[0])}", (
                    record.title
                )
    page.get_by_text("as it was").click()
    assert shown_box(page, graph.output, "value") == number(graph.nodes[graph.output].value)


def test_what_if_by_its_slider_and_in_a_values_own_panel(open_page):
    w, _, loss = product()
    page = open_page(loss)
    where = tg.explore(loss).graph.find(w, "around")
    click_box(page, where)
    slider = page.get_by_label("w, range")
    slider.focus()
    slider.evaluate("each => { each.value = 1; each.dispatchEvent(new Event('input')); }")
    assert shown_box(page, where, "value") == "1.0"
    assert page.get_by_label("w, number").input_value() == "1"
    expected = np.tanh(-3.0 + 6.8)
    assert shown_box(page, tg.explore(loss).graph.output, "value") == number(expected)


def test_what_if_says_why_not(open_page):
    _, _, loss = network()
    assert "this one has arrays" in panel(open_page(loss))
    a = tg.tensor(2.0, requires_grad=True)
    assert "a condition was computed outside" in panel(open_page(np.where(a > 1.0, a, 0.0)))
    part = open_page(np.exp(np.sin(a)) * a, around=a, radius=1)
    assert "where the whole graph is shown" in panel(part)


def test_a_hostile_name_does_nothing(open_page):
    name = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>/*data*/"
    w = tg.tensor(2.0, requires_grad=True, name=name)
    layer = tg.layers.Activation("exponential", name="<b onclick='window.hacked = 3'>&\"</b>")
    loss = layer(w)
    page = open_page(loss)
    click_box(page, tg.explore(loss).graph.find(w, "around"))
    assert page.locator("#panel h2").text_content().endswith(name)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


def test_large_graphs_open_with_their_layers_folded(open_page):
    tg.set_random_seed(0)
    deep = tg.Sequential([tg.layers.Dense(2, activation="tanh") for _ in range(160)])
    loss = np.sum(deep(np.ones((1, 2))))
    page = open_page(loss)
    assert page.locator("#views button.on").text_content() == "layers, 2 deep"
    assert page.locator("svg.shown .node").count() == 161
    page.keyboard.press("v")
    assert page.locator("svg.shown .node").count() == len(tg.explore(loss).graph.nodes) > 600


def test_the_notebook_frame_runs(browser):
    *_, loss = product()
    bundle = tg.explore(loss)._repr_mimebundle_()
    page = browser.new_page()
    page.set_content(bundle["text/html"])
    frame = page.frame_locator("iframe")
    frame.locator("#next").wait_for()
    frame.locator("#first").click()
    assert frame.locator("#caption").text_content().startswith("Before the first step")
    page.close()


def test_a_program_is_stepped_line_by_line(open_page):
    w = tg.tensor([1.0, 2.0], requires_grad=True, name="w")

    @tg.jit
    def gradient(x):
        (tg.sin(w * x) ** 2).sum().backward(retain_graph=False)

    gradient(np.ones(2))
    page = open_page(gradient, hash="step=1")
    assert caption(page).startswith("Line 1 of ")
    assert "np.sin" in page.locator("svg.shown").text_content()
    graph = tg.explore(gradient).graph
    first = next(record for record in graph.nodes.values() if record.kind == "op")
    click_box(page, first.id)
    assert first.facts["code"] in panel(page)
    assert "reads" in panel(page)
    assert "gradient ∂" not in panel(page)
