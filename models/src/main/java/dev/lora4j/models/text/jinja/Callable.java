package dev.lora4j.models.text.jinja;

/** What can be called: a function, a method of a value, a macro. */
@FunctionalInterface
interface Callable {
  Object call(Run run, Arguments arguments);
}
