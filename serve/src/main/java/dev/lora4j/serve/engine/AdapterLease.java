package dev.lora4j.serve.engine;

import dev.lora4j.llm.chat.ChatFormat;
import java.util.function.Consumer;

/** The use of one version of an adapter, which stays loaded until the lease is closed. */
public final class AdapterLease implements AutoCloseable {
  private final AdapterVersion version;
  private final Consumer<AdapterVersion> release;
  private boolean closed;

  AdapterLease(AdapterVersion version, Consumer<AdapterVersion> release) {
    this.version = version;
    this.release = release;
  }

  AdapterVersion version() {
    return version;
  }

  /** The tokenizer and the chat template that go with the adapter. */
  public ChatFormat format() {
    return version.format();
  }

  /** Returns another lease of the same version. */
  public AdapterLease again() {
    version.lease();
    return new AdapterLease(version, release);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      release.accept(version);
    }
  }
}
