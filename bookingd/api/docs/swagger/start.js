SwaggerUIBundle({
  dom_id: "#page",
  url: "../docs",
  deepLinking: true,
  validatorUrl: null,
});
