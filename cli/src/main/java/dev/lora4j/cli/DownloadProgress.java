package dev.lora4j.cli;

import dev.lora4j.io.Download;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Shows a download, from its first bytes on. */
final class DownloadProgress implements Download.Progress, AutoCloseable {
  private @Nullable Progress shown;

  @Override
  public void at(long bytes, OptionalLong total) {
    if (shown == null) {
      shown = new Progress(Screen.standardError(), "download", Unit.BYTES, total.orElse(0));
      shown.resumeFrom(bytes);
    }
    shown.at(bytes);
  }

  @Override
  public void close() {
    if (shown != null) {
      shown.close();
    }
  }
}
