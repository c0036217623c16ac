/* Is there a device? */
#include "client.h"

int main(void)
{
    result("open", open(DEVICE, O_RDWR));
    return 0;
}
