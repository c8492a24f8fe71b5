/* A call between two T.38 terminals of libspandsp, packets carried in memory: the reference of bench_spandsp.

   spandsp_pair SENT.tif RECEIVED.tif STEP_MS
   prints: result of each end, pages received, virtual seconds, CPU seconds.

   It needs the runtime library only, so the few functions are declared here as the headers of 0.0.6 have them:
   cc -O2 -o spandsp_pair spandsp_pair.c -l:libspandsp.so.2 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int send_packet(void *core, void *way, const uint8_t *octets, int length, int count);
typedef void call_ended(void *t30, void *result, int code);

void *t38_terminal_init(void *room, int calls, send_packet *send, void *way);
int t38_terminal_send_timeout(void *terminal, int samples);
void *t38_terminal_get_t30_state(void *terminal);
void *t38_terminal_get_t38_core_state(void *terminal);
int t38_terminal_free(void *terminal);
int t38_core_rx_ifp_packet(void *core, const uint8_t *octets, int length, uint16_t number);
void t30_set_tx_file(void *t30, const char *file, int first, int last);
void t30_set_rx_file(void *t30, const char *file, int last);
void t30_set_phase_e_handler(void *t30, call_ended *ended, void *result);
void t30_get_transfer_statistics(void *t30, void *statistics);
int t30_set_ecm_capability(void *t30, int ecm);
int t30_set_rx_encoding(void *t30, int coding);
int t30_set_minimum_scan_line_time(void *t30, int ms);
int t30_set_supported_modems(void *t30, int modems);
int t30_set_supported_compressions(void *t30, int compressions);
int t30_set_supported_resolutions(void *t30, int resolutions);
int t30_set_supported_image_sizes(void *t30, int sizes);

enum { MMR = 3, ALL_MODEMS = 0x07, ALL_CODINGS = 0x0E, ALL_RESOLUTIONS = 0x360007, ALL_SIZES = 0x1F0007, PAGES_RX = 3 };
enum { LONGEST = 512, MOST = 64, SAMPLES_PER_MS = 8, GIVEN_UP_MS = 24 * 3600 * 1000 };

struct way {
    uint8_t octets[MOST][LONGEST];
    int length[MOST];
    int under_way;
    uint16_t number;
};

static int send(void *core, void *user, const uint8_t *octets, int length, int count)
{
    struct way *way = user;
    (void) core, (void) count; /* nothing is lost, so nothing is repeated */
    if (way->under_way == MOST || length > LONGEST)
        abort();
    memcpy(way->octets[way->under_way], octets, length);
    way->length[way->under_way++] = length;
    return 0;
}

static void deliver(struct way *way, void *terminal)
{
    int count = way->under_way;
    way->under_way = 0;
    for (int i = 0; i < count; i++)
        t38_core_rx_ifp_packet(t38_terminal_get_t38_core_state(terminal), way->octets[i], way->length[i], way->number++);
}

static void ended(void *t30, void *result, int code)
{
    (void) t30;
    *(int *) result = code;
}

static void *terminal(int calls, struct way *way, int *result)
{
    void *made = t38_terminal_init(NULL, calls, send, way), *t30 = t38_terminal_get_t30_state(made);
    t30_set_phase_e_handler(t30, ended, result);
    t30_set_ecm_capability(t30, 1);
    t30_set_rx_encoding(t30, MMR);
    t30_set_minimum_scan_line_time(t30, 0);
    t30_set_supported_modems(t30, ALL_MODEMS);
    t30_set_supported_compressions(t30, ALL_CODINGS);
    t30_set_supported_resolutions(t30, ALL_RESOLUTIONS);
    t30_set_supported_image_sizes(t30, ALL_SIZES);
    return made;
}

int main(int count, char **arguments)
{
    static struct way ways[2];
    int results[2] = {-1, -1}, statistics[64] = {0};
    if (count != 4)
        return 2;
    int step = atoi(arguments[3]), ms = 0;
    clock_t began = clock();
    void *caller = terminal(1, &ways[0], &results[0]), *answerer = terminal(0, &ways[1], &results[1]);
    t30_set_tx_file(t38_terminal_get_t30_state(caller), arguments[1], -1, -1);
    t30_set_rx_file(t38_terminal_get_t30_state(answerer), arguments[2], -1);
    while ((results[0] < 0 || results[1] < 0) && ms < GIVEN_UP_MS) {
        ms += step;
        t38_terminal_send_timeout(caller, step * SAMPLES_PER_MS);
        t38_terminal_send_timeout(answerer, step * SAMPLES_PER_MS);
        deliver(&ways[0], answerer);
        deliver(&ways[1], caller);
    }
    t30_get_transfer_statistics(t38_terminal_get_t30_state(answerer), statistics);
    t38_terminal_free(caller);
    t38_terminal_free(answerer);
    printf("%d %d %d %.2f %.6f\n", results[0], results[1], statistics[PAGES_RX], ms / 1000.0,
           (double) (clock() - began) / CLOCKS_PER_SEC);
    return 0;
}
