package dev.lora4j.models.text.jinja;

/** What has a value. */
@FunctionalInterface
interface Expression {
  Object in(Run run);
}
