package dev.lora4j.lora;

/** The scope in which a thread uses adapters of its own; close it on the same thread. */
@FunctionalInterface
public interface AdapterScope extends AutoCloseable {

  @Override
  void close();
}
