package dev.lora4j.io.download;

import java.nio.file.Path;
import java.util.Map;

/** The directory that keeps downloads between runs. */
public final class CacheDirectory {
  private CacheDirectory() {}

  /** Returns {@code $XDG_CACHE_HOME/lora4j}, or {@code ~/.cache/lora4j} if that is not set. */
  public static Path get() {
    return get(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  static Path get(Map<String, String> environment, Path home) {
    String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
    // The XDG specification says to ignore relative paths.
    boolean usable = !cache.isEmpty() && Path.of(cache).isAbsolute();
    return (usable ? Path.of(cache) : home.resolve(".cache")).resolve("lora4j");
  }
}
