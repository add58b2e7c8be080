// The 3-D view without a browser: what is nearer hides what is farther, a wedge opens the ground, light and lines, camera.
import assert from "node:assert/strict";
import { test } from "node:test";
import { boxOf, drawBlock } from "../../assets/draw/block.js";
import { Camera } from "../../assets/draw/camera.js";
import { DepthPicture } from "../../assets/draw/depth_picture.js";
import { BOX, Ground, hillShade, LEVEL } from "../../assets/draw/ground.js";
import { LINE_ALPHA, litPalette, packed, paintGround } from "../../assets/draw/ground_picture.js";

const LOOK = { stops: ["#202020", "#e0e0e0"], line: -0.5, sun: 0.5, front: "#000000", side: "#000000", floor: "#000000" };
const WALLS = { front: packed([9, 9, 9], 255), side: packed([8, 8, 8], 255), floor: packed([7, 7, 7], 255) };
const SIZE = 200;

/** A square ground of losses between 0 and 1, on a scale that is linear for every eye. */
function groundOf(
  points,
  loss,
  domain = [
    [0, 10],
    [0, 10],
  ],
) {
  // prettier-ignore
  const values = Uint16Array.from({ length: points * points }, (_, k) => 65534 * loss(k % points, Math.floor(k / points)));
  const bdata = Buffer.from(values.buffer).toString("base64");
  const told = { values: { bdata }, columns: points, rows: points, low: 0, high: 1, knee: 1e4, top: 1, ticks: [], labels: [] };
  return new Ground(told, domain);
}

function drawn(ground, eye, wedge = null) {
  const camera = new Camera(eye);
  const pixels = new Uint32Array(101 * 101);
  paintGround(ground, litPalette(LOOK), 101, 101, pixels);
  const texture = { pixels, width: 101, perColumn: 100 / (ground.columns - 1), perRow: 100 / (ground.rows - 1), last: 100 };
  const picture = new DepthPicture();
  picture.begin(SIZE, SIZE);
  drawBlock(picture, ground, texture, camera.rows(SIZE, SIZE), WALLS, wedge);
  const box = boxOf(ground);
  /** Whether the ground hides a place of the domain at a share of the height. */
  const hides = (x, y, share) => {
    const place = [box.x(x), box.y(y), box.z(share) + 0.01];
    const [across, down, depth] = camera.rows(SIZE, SIZE).map((row) => row.reduce((sum, part, k) => sum + part * (place[k] ?? 1), 0));
    return picture.hides(across / depth, down / depth, 1 / depth);
  };
  return { picture, hides, colourAt: (x, y) => picture.pixels[y * SIZE + x] };
}

// A wall along x = 5 on a plain, and where one stands to see it from the right, low above the plain.
const wall = groundOf(41, (column) => (Math.abs(column - 20) <= 1 ? 1 : 0));
const RIGHT = { x: 1.6, y: 0, z: 0.6 };

test("a wall hides what is behind it, from where one stands", () => {
  const fromRight = drawn(wall, RIGHT);
  assert.equal(fromRight.hides(3.5, 5, 0), true, "behind the wall");
  assert.equal(fromRight.hides(8, 5, 0), false, "before it");
  assert.equal(fromRight.hides(5, 5, 1), false, "on it");
  const fromLeft = drawn(wall, { x: -1.6, y: 0, z: 0.6 });
  assert.equal(fromLeft.hides(3.5, 5, 0), false);
  assert.equal(fromLeft.hides(6.5, 5, 0), true);
  assert.equal(drawn(wall, { x: 0.01, y: -0.4, z: 2 }).hides(3.5, 5, 0), false, "seen from above");
});

test("what is cut out hides nothing, and the cut stands in front of what is behind it", () => {
  // From the middle towards the viewer on the right and to θ₂'s upper end: the wall's upper half is gone.
  const wedge = { corner: [-0.2, 0], one: [1, 0], other: [0, 1] };
  const open = drawn(wall, { x: 1.5, y: 0.5, z: 0.7 }, wedge);
  assert.equal(open.hides(3.5, 7, 0), false, "the wall before it has gone");
  assert.equal(drawn(wall, { x: 1.5, y: 0.5, z: 0.7 }).hides(3.5, 7, 0), true);
  const faces = open.picture.pixels.filter((pixel) => pixel === WALLS.floor);
  assert.ok(faces.length > 50, "and one sees down to the floor");
});

test("the nearer of two triangles is seen, whichever is drawn first", () => {
  const near = { x: Float32Array.of(0, 20, 0), y: Float32Array.of(0, 0, 20), near: Float32Array.of(2, 2, 2) };
  const far = { ...near, near: Float32Array.of(1, 1, 1) };
  for (const order of [
    [near, far],
    [far, near],
  ]) {
    const picture = new DepthPicture();
    picture.begin(20, 20);
    for (const corners of order) picture.fill(corners, 0, 1, 2, corners === near ? 111 : 222);
    assert.equal(picture.pixels[5 * 20 + 5], 111);
    assert.deepEqual([picture.hides(5.5, 5.5, 1.5), picture.hides(5.5, 5.5, 2.5), picture.hides(19.5, 19.5, 0.1)], [true, false, false]);
  }
});

test("every pixel of a face belongs to one of its triangles: there is no hole in the ground", () => {
  const plain = groundOf(31, () => 0.5);
  const { picture } = drawn(plain, { x: 0.9, y: -1.2, z: 1.4 });
  const rows = Array.from({ length: SIZE }, (_, y) => picture.pixels.subarray(y * SIZE, (y + 1) * SIZE));
  for (const row of rows) {
    const seen = [...row].map((pixel, x) => (pixel ? x : -1)).filter((x) => x >= 0);
    if (seen.length) assert.equal(seen.length, seen[seen.length - 1] - seen[0] + 1);
  }
});

test("slopes that face the light are bright, and what is level or cut off is neither", () => {
  const ridge = Float32Array.from({ length: 41 * 41 }, (_, k) => 1 - Math.abs((2 * (k % 41)) / 40 - 1));
  const shade = hillShade(ridge, 41, 41, 1);
  assert.ok(shade[20 * 41 + 10] > LEVEL && shade[20 * 41 + 30] < LEVEL, "light comes from the left");
  const turned = hillShade(
    Float32Array.from(ridge, (_, k) => ridge[(k % 41) * 41 + Math.floor(k / 41)]),
    41,
    41,
    1,
  );
  assert.ok(turned[30 * 41 + 20] > LEVEL && turned[10 * 41 + 20] < LEVEL, "and from above, where θ₂ is high");
  assert.ok(Math.abs(hillShade(ridge, 41, 41, 0.2)[20 * 41 + 20] - LEVEL) < 1e-6);
});

test("colours grow lighter with the loss, contour lines stand at equal steps of the scale, the top row is θ₂'s highest", () => {
  const slope = groundOf(21, (_, row) => row / 20);
  const [wide, high] = [50, 441];
  const pixels = new Uint32Array(wide * high);
  paintGround(slope, litPalette(LOOK), wide, high, pixels);
  const column = Array.from({ length: high }, (_, y) => pixels[y * wide + 20]);
  const ground = column.filter((pixel) => pixel >>> 24 === 255).map((pixel) => pixel & 255);
  assert.deepEqual(
    ground,
    [...ground].sort((one, other) => other - one),
    "from the top down it grows darker",
  );
  const lines = column.map((pixel, y) => (pixel >>> 24 === LINE_ALPHA ? y : -1)).filter((y) => y >= 0);
  const starts = lines.filter((y, k) => k === 0 || y > lines[k - 1] + 1);
  const steps = starts.slice(2).map((y, k) => y - starts[k + 1]);
  assert.ok(starts.length >= 20 && steps.every((step) => Math.abs(step - 20) <= 1), `${starts}`);
});

test("a camera keeps to where the app lets it stand, whatever a link says", () => {
  for (const eye of [
    { x: 10, y: 10, z: 10 },
    { x: 0, y: 0, z: 0 },
    { x: 0, y: 0, z: -10 },
    { x: -10, y: 3, z: -2 },
    { x: 0.01, y: 0, z: 0.02 },
  ]) {
    // prettier-ignore
    const camera = new Camera(eye);
    camera.zoom(1e9);
    const far = camera.eye;
    camera.zoom(1e-9);
    camera.turn(50, -70);
    for (const stands of [far, camera.eye, new Camera(camera.eye).eye]) {
      assert.ok(
        Object.values(stands).every((part) => Math.abs(part) <= 10),
        "a link takes it",
      );
      assert.ok(Math.abs(stands.x) > BOX[0] / 2 || Math.abs(stands.y) > BOX[1] / 2 || stands.z > BOX[2] / 2, "outside the box");
      assert.ok(stands.z > -0.1, "above the ground");
    }
  }
  const eye = { x: 0.83, y: -1.24, z: 1.35 };
  for (const [axis, value] of Object.entries(new Camera(eye).eye)) assert.ok(Math.abs(value - eye[axis]) < 1e-9);
});
