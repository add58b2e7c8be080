// Arrays from the server: base64 of little-endian float32, with a shape.
(() => {
  const lab = (window.potholeLab ??= {});

  lab.decode = (encoded) => {
    if (!encoded) return null;
    const text = atob(encoded.bdata);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return new Float32Array(bytes.buffer);
  };
})();
