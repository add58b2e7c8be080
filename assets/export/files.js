// Files for the person at the browser: ask the server for one, save one, and pictures of what is on the screen.
(() => {
  const lab = (window.potholeLab ??= {});

  // { blob, name, notices } of a file that the server makes; Refused with its sentences where it does not.
  lab.postFile = async (address, value, signal) => {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(value),
      signal,
    });
    if (!response.ok) {
      const problems = await response.json().then((body) => body.problems, () => null);
      throw new lab.Refused(response.status, problems ?? [`The server answered with status ${response.status}.`]);
    }
    const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "pothole-lab";
    const told = response.headers.get("X-Pothole-Notices");
    return { blob: await response.blob(), name, notices: told ? JSON.parse(decodeURIComponent(told)) : [] };
  };

  lab.saveFile = (blob, name) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  lab.formatBytes = (bytes) => {
    if (bytes < 1000) return `${bytes} bytes`;
    return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  };
})();
