// Root: the address below which the page asks for everything, as this browser knows it.
//
// The server knows neither the path below which a proxy shows the page, nor whether by HTTPS.

window.gradio_config.root = new URL(".", location.href).href.replace(/\/$/, "");
