package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.ShardIndex;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The cached snapshot of a repository, without asking the Hub. */
record CachedSnapshot(RepoCache cache) {

  Optional<Path> complete() {
    return cache.commit().filter(c -> files(c).isComplete()).map(cache::snapshot);
  }

  /** Returns the snapshot; errors give the reason for not asking the Hub and the next step. */
  Path find(String why, String next) {
    String commit =
        cache
            .commit()
            .orElseThrow(
                () ->
                    new UserError(
                        "%s is not in the cache %s, and %s; %s"
                            .formatted(cache.repo(), cache.cache(), why, next)));
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
