package dev.lora4j.llm.hub;

import dev.lora4j.io.download.Download;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;

/** Settings and contents for the tests of this package. */
final class Checkouts {
  static final Download.Limits QUICK =
      new Download.Limits(3, Duration.ofSeconds(5), Duration.ofSeconds(2), Duration.ofMillis(1));
  static final byte[] WEIGHTS = random(1, 400_000);

  private Checkouts() {}

  static HubSettings settings(URI endpoint, Path cache) {
    return new HubSettings(endpoint, cache, Optional.empty(), false, true, QUICK);
  }

  static HubSettings offline(HubSettings online) {
    return new HubSettings(
        online.endpoint(), online.cache(), online.token(), true, online.symlinks(), QUICK);
  }

  static HubSettings withToken(HubSettings without) {
    return new HubSettings(
        without.endpoint(), without.cache(), Optional.of("hf_secret"), false, true, QUICK);
  }

  static HubSettings withoutLinks(HubSettings with) {
    return new HubSettings(with.endpoint(), with.cache(), with.token(), false, false, QUICK);
  }

  static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
