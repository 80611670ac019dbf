package dev.lora4j.serve.jobs;

/**
 * The bounds of files and jobs.
 *
 * @param maxFiles uploaded files
 * @param maxFileBytes bytes of a file
 * @param maxTotalBytes bytes of all files
 * @param maxUnfinished jobs that are not finished
 * @param maxJobs jobs on disk, finished ones included
 */
public record JobLimits(
    int maxFiles, long maxFileBytes, long maxTotalBytes, int maxUnfinished, int maxJobs) {

  /** 1,000 files of up to 512 MB, 16 GB together; 100 unfinished jobs, 10,000 in all. */
  public static JobLimits defaults() {
    return new JobLimits(1_000, 512L << 20, 16L << 30, 100, 10_000);
  }
}
