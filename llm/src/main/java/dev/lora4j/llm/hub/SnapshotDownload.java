package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.ShardIndex;
import dev.lora4j.io.download.Download;
import dev.lora4j.io.download.HostUnreachable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Downloads the wanted files of one commit that the cache lacks, one by one. */
record SnapshotDownload(
    HubSettings settings,
    RepoId repo,
    RepoCache cache,
    HubClient client,
    RepoListing listing,
    HubListener listener) {

  private static final String CONFIG = "config.json";

  Path run() throws HostUnreachable {
    Set<String> shards = Set.of();
    Optional<String> index = WantedFiles.index(listing.names());
    if (index.isPresent()) {
      fetch(List.of(index.get()), HubListener.SILENT); // it is small
      shards = ShardIndex.read(cache.file(listing.commit(), index.get())).shards();
    }
    WantedFiles wanted = WantedFiles.of(listing.names(), shards);
    if (!wanted.isComplete()) {
      throw notAModel(wanted.missing());
    }
    fetch(wanted.names(), listener);
    cache.remember(listing.commit());
    return cache.snapshot(listing.commit());
  }

  /** Downloads only the config; the snapshot is not remembered as the revision's, being partial. */
  Path config() throws HostUnreachable {
    if (!listing.names().contains(CONFIG)) {
      throw notAModel(List.of(CONFIG));
    }
    fetch(List.of(CONFIG), listener);
    return cache.snapshot(listing.commit());
  }

  private void fetch(List<String> names, HubListener progress) throws HostUnreachable {
    List<RemoteFile> missing = new ArrayList<>();
    for (String name : names) {
      if (!Files.isRegularFile(cache.file(listing.commit(), name))) {
        missing.add(client.describe(listing.commit(), name));
      }
    }
    SnapshotProgress tally = plan(missing, progress);
    for (RemoteFile file : missing) {
      fetch(file, tally);
    }
  }

  private SnapshotProgress plan(List<RemoteFile> missing, HubListener progress) {
    long total = missing.stream().mapToLong(f -> f.size().orElse(0)).sum();
    long cached = 0;
    long partial = 0;
    try {
      for (RemoteFile file : missing) {
        Path blob = cache.blob(file.blob());
        Path incomplete = cache.incomplete(file.blob());
        cached += Files.exists(blob) ? Files.size(blob) : 0;
        partial += Files.exists(incomplete) ? Files.size(incomplete) : 0;
      }
      if (!missing.isEmpty()) {
        Files.createDirectories(cache.folder());
        checkSpace(cache.folder(), total - cached - partial);
      }
    } catch (IOException e) {
      throw AtomicFile.explained(cache.folder(), e);
    }
    return new SnapshotProgress(progress, total, cached + partial);
  }

  /** Reports a disk that is too small before it is full. */
  static void checkSpace(Path folder, long bytes) throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free > 0 && free < bytes) { // some network disks always report 0
      throw new UserError(
          "not enough space in %s: %d bytes are to come, %d are free; free some, or set HF_HUB_CACHE to another disk"
              .formatted(folder, bytes, free));
    }
  }

  private void fetch(RemoteFile file, SnapshotProgress tally) {
    Runnable waiting =
        () ->
            listener.onNotice(
                "another process or thread is downloading " + file.name() + "; waiting");
    Path blob = cache.blob(file.blob());
    try (BlobLock lock = BlobLock.take(cache.lock(file.blob()), waiting)) {
      Path target = cache.file(listing.commit(), file.name());
      if (!Files.isRegularFile(target)) {
        boolean isNew = !Files.exists(blob);
        if (isNew) {
          download(file, tally);
        }
        cache.link(file.blob(), listing.commit(), file.name(), isNew);
      }
      tally.finished(Files.size(target));
    } catch (IOException e) {
      throw AtomicFile.explained(blob, e);
    }
  }

  private void download(RemoteFile file, SnapshotProgress tally) {
    Download download =
        Download.of(client.source(listing.commit(), file.name()), cache.blob(file.blob()))
            .withPart(cache.incomplete(file.blob()))
            .ofSize(file.size())
            .within(settings.limits())
            .telling((bytes, total) -> tally.at(file.name(), bytes));
    file.checksum().map(download::expecting).orElse(download).run();
  }

  private UserError notAModel(List<String> missing) {
    List<String> found = listing.names().stream().filter(n -> !n.startsWith(".")).toList();
    String shown = String.join(", ", found.subList(0, Math.min(8, found.size())));
    boolean gguf = found.stream().anyMatch(n -> n.endsWith(".gguf"));
    return new UserError(
        "%s is neither a model nor an adapter that can be read here: it has no %s; found %s%s%s"
            .formatted(
                repo,
                String.join(", no ", missing),
                shown.isEmpty() ? "nothing" : shown,
                found.size() > 8 ? ", and " + (found.size() - 8) + " more" : "",
                gguf ? "; download the .gguf file that you want and give its path" : ""));
  }
}
