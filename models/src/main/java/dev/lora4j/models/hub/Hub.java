package dev.lora4j.models.hub;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.Download;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A Hugging Face Hub, and the cache of what was fetched from it, which is shared with Python's
 * tools: either finds what the other has fetched.
 *
 * <pre>{@code
 * Path directory = Hub.fromEnvironment().snapshot(RepoId.parse("org/name@v1"), HubListener.SILENT);
 * }</pre>
 *
 * <p>Only files that make a model or an adapter are fetched, each is checked against its hash, and
 * a download that breaks goes on where it stopped. Threads and processes may ask for the same model
 * at the same time.
 */
public final class Hub {
  private final HubSettings settings;

  /** A Hub of one's own settings. */
  public Hub(HubSettings settings) {
    this.settings = settings;
  }

  /**
   * The Hub that the environment names.
   *
   * @throws UserError for a variable that cannot be
   */
  public static Hub fromEnvironment() {
    return new Hub(HubSettings.fromEnvironment());
  }

  /**
   * A directory with the files of this model or adapter, in this revision. Where the Hub cannot be
   * reached, or must not be, what is in the cache is taken, if it is whole; where it cannot be
   * reached, the listener is told.
   *
   * @throws UserError when there is no such model or revision, it may not be read, the network or
   *     the disk refuses, or it is not in the cache; the message says what to do next
   * @throws CorruptFile when what arrives is not what the Hub promised
   */
  public Path snapshot(RepoId repo, HubListener listener) {
    RepoCache cache = new RepoCache(settings.cache(), repo, settings.symlinks());
    if (settings.offline()) {
      return new CachedSnapshot(cache).find("HF_HUB_OFFLINE is set", "unset it to download");
    }
    HubClient client = new HubClient(settings, repo);
    RepoListing listing;
    try {
      listing = client.listing(limitsOfListing(repo));
    } catch (Unreachable e) {
      String why = settings.endpoint() + " cannot be reached (" + e.getMessage() + ")";
      Path found =
          new CachedSnapshot(cache).find(why, "try again, or give the directory of a model");
      listener.onNotice(why + "; using what was downloaded before");
      return found;
    }
    try {
      return new SnapshotDownload(settings, repo, cache, client, listing, listener).run();
    } catch (Unreachable e) {
      throw new UserError(
          "cannot download "
              + repo
              + ": "
              + e.getMessage()
              + "; run it again to go on from where it stopped",
          e);
    }
  }

  /** Who has something to go on with should not wait long. */
  private Download.Limits limitsOfListing(RepoId repo) {
    Download.Limits usual = settings.limits();
    return hasWhole(repo) ? usual.withTries(Math.min(usual.tries(), 2)) : usual;
  }

  private boolean hasWhole(RepoId repo) {
    try {
      return cached(repo).isPresent();
    } catch (CorruptFile e) {
      return false; // it will be fetched anew
    }
  }

  /** Where the files of this model are, if they are here and whole; asks nobody. */
  public Optional<Path> cached(RepoId repo) {
    return new CachedSnapshot(new RepoCache(settings.cache(), repo, settings.symlinks())).whole();
  }
}
