package dev.lora4j.llm.hub;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.download.Download;
import dev.lora4j.io.download.HostUnreachable;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A Hugging Face Hub and its download cache, which is shared with Python's huggingface_hub. Only
 * the files of a model or an adapter are downloaded, verified, and resumed after an interruption.
 * Threads and processes may ask for the same model at the same time.
 */
public final class Hub {
  private final HubSettings settings;

  /** Creates a client with the given settings. */
  public Hub(HubSettings settings) {
    this.settings = settings;
  }

  /**
   * Returns the Hub that the environment variables name.
   *
   * @throws UserError for an invalid variable
   */
  public static Hub fromEnvironment() {
    return new Hub(HubSettings.fromEnvironment());
  }

  /**
   * Returns a directory with the files of a model or adapter in one revision. If the Hub can't be
   * reached, or offline mode is set, a complete snapshot in the cache is used; the listener is
   * notified if the Hub can't be reached.
   *
   * @throws UserError when there is no such model or revision, access is denied, the network or the
   *     disk refuses, or the cache lacks it; the message names the next step
   * @throws CorruptFile when a file does not have the hash that the Hub announced
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
    } catch (HostUnreachable e) {
      String why = settings.endpoint() + " cannot be reached (" + e.getMessage() + ")";
      Path found =
          new CachedSnapshot(cache).find(why, "try again, or give the directory of a model");
      listener.onNotice(why + "; using what was downloaded before");
      return found;
    }
    try {
      return new SnapshotDownload(settings, repo, cache, client, listing, listener).run();
    } catch (HostUnreachable e) {
      throw e.cannotDownload(repo.toString());
    }
  }

  /**
   * Returns a directory with the {@code config.json} of a model, which alone is downloaded. If the
   * Hub can't be reached, or offline mode is set, a file in the cache is used.
   *
   * @throws UserError when there is no such model or revision, it has no such file, access is
   *     denied, the network or the disk refuses, or the cache lacks it
   */
  public Path config(RepoId repo, HubListener listener) {
    RepoCache cache = new RepoCache(settings.cache(), repo, settings.symlinks());
    if (settings.offline()) {
      return new CachedSnapshot(cache).config("HF_HUB_OFFLINE is set", "unset it to download");
    }
    HubClient client = new HubClient(settings, repo);
    try {
      RepoListing listing = client.listing(settings.limits());
      return new SnapshotDownload(settings, repo, cache, client, listing, listener).config();
    } catch (HostUnreachable e) {
      String why = settings.endpoint() + " cannot be reached (" + e.getMessage() + ")";
      Path found =
          new CachedSnapshot(cache).config(why, "try again, or give the path of a config.json");
      listener.onNotice(why + "; using what was downloaded before");
      return found;
    }
  }

  /** Returns fewer retries where a cached snapshot can be used instead. */
  private Download.Limits limitsOfListing(RepoId repo) {
    Download.Limits limits = settings.limits();
    return isCached(repo) ? limits.withTries(Math.min(limits.tries(), 2)) : limits;
  }

  private boolean isCached(RepoId repo) {
    try {
      return cached(repo).isPresent();
    } catch (CorruptFile e) {
      return false; // it will be downloaded again
    }
  }

  /** Returns the cached snapshot of a model if it is complete, without asking the Hub. */
  public Optional<Path> cached(RepoId repo) {
    return new CachedSnapshot(new RepoCache(settings.cache(), repo, settings.symlinks()))
        .complete();
  }
}
