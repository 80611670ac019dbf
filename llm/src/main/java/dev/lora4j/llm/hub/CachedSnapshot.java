package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.ShardIndex;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The cached snapshot of a repository, without asking the Hub. */
record CachedSnapshot(RepoCache cache) {

  Optional<Path> complete() {
    return cache.commit().filter(c -> files(c).isComplete()).map(cache::snapshot);
  }

  /** Returns the snapshot, if it has a {@code config.json}; errors are those of {@link #find}. */
  Path config(String why, String next) {
    Path snapshot = cache.snapshot(commit(why, next));
    if (!Files.isRegularFile(snapshot.resolve("config.json"))) {
      throw new UserError(
          "%s has no config.json in %s, and %s; %s".formatted(cache.repo(), snapshot, why, next));
    }
    return snapshot;
  }

  private String commit(String why, String next) {
    return cache
        .commit()
        .orElseThrow(
            () ->
                new UserError(
                    "%s is not in the cache %s, and %s; %s"
                        .formatted(cache.repo(), cache.cache(), why, next)));
  }

  /** Returns the snapshot; errors give the reason for not asking the Hub and the next step. */
  Path find(String why, String next) {
    String commit = commit(why, next);
    WantedFiles files = files(commit);
    if (!files.isComplete()) {
      throw new UserError(
          "%s is only partly in the cache: %s missing in %s, and %s; %s"
              .formatted(
                  cache.repo(),
                  String.join(", ", files.missing()),
                  cache.snapshot(commit),
                  why,
                  next));
    }
    return cache.snapshot(commit);
  }

  private WantedFiles files(String commit) {
    List<String> names = cache.files(commit);
    Set<String> shards =
        WantedFiles.index(names)
            .map(index -> ShardIndex.read(cache.file(commit, index)).shards())
            .orElse(Set.of());
    return WantedFiles.of(names, shards);
  }
}
