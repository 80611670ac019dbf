/**
 * Files that executors read: their own, those that Spark has sent, and those of a shared storage.
 */
@NullMarked
package dev.lora4j.spark.files;

import org.jspecify.annotations.NullMarked;
