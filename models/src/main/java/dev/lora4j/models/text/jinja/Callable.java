package dev.lora4j.models.text.jinja;

/** A callable value: a function, a method of a value, or a macro. */
@FunctionalInterface
interface Callable {
  Object call(Run run, Arguments arguments);
}
