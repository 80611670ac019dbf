package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.ShardIndex;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The cached snapshot of a repository, without asking the Hub. */
final class CachedSnapshot {
  private final RepoCache cache;

  CachedSnapshot(RepoCache cache) {
    this.cache = cache;
  }

  /** Returns the snapshot if it is complete. */
  Optional<Path> whole() {
    return cache.commit().filter(c -> wanted(c).isComplete()).map(cache::snapshot);
  }

  /**
   * Returns the snapshot.
   *
   * @param why the reason for not asking the Hub
   * @param next the alternative to propose
   */
  Path find(String why, String next) {
    String commit =
        cache
            .commit()
            .orElseThrow(
                () ->
                    new UserError(
                        cache.repo()
                            + " is not in the cache "
                            + cache.cache()
                            + ", and "
                            + why
                            + "; "
                            + next));
    WantedFiles wanted = wanted(commit);
    if (!wanted.isComplete()) {
      throw new UserError(
          cache.repo()
              + " is only partly in the cache: "
              + String.join(", ", wanted.missing())
              + " missing in "
              + cache.snapshot(commit)
              + ", and "
              + why
              + "; "
              + next);
    }
    return cache.snapshot(commit);
  }

  private WantedFiles wanted(String commit) {
    List<String> names = cache.files(commit);
    Set<String> shards =
        WantedFiles.index(names)
            .map(index -> ShardIndex.read(cache.file(commit, index)).shards())
            .orElse(Set.of());
    return WantedFiles.of(names, shards);
  }
}
