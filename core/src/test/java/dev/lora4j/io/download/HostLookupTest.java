package dev.lora4j.io.download;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HostLookupTest {
  private static final Duration LIMIT = Duration.ofSeconds(3);

  @Test
  void addressIsResolved() {
    assertThatCode(() -> HostLookup.check(URI.create("http://127.0.0.1:1/x"), LIMIT))
        .doesNotThrowAnyException();
  }

  @Test
  void reservedNameIsNotResolved() {
    assertThatThrownBy(() -> HostLookup.check(URI.create("http://nowhere.invalid/"), LIMIT))
        .isInstanceOf(UnknownHostException.class)
        .hasMessage("nowhere.invalid");
  }
}
